//! Instants as HTTP writes them (RFC 9110, 5.6.7).

use std::cell::Cell;

use chrono::{DateTime, Datelike, Timelike, Utc};

const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

thread_local! {
    /// The second that this thread wrote last, counted from 1970, and how it is written.
    static LAST: Cell<(i64, [u8; 29])> = const { Cell::new((0, *b"Thu, 01 Jan 1970 00:00:00 GMT")) };
}

/// An instant of a year with four digits. Every warm read says one, and many of them the same.
pub fn http_date(at: DateTime<Utc>) -> [u8; 29] {
    let second = at.timestamp();
    let (last, text) = LAST.get();
    if last == second {
        return text;
    }
    let text = written(at);
    LAST.set((second, text));
    text
}

fn written(at: DateTime<Utc>) -> [u8; 29] {
    let at = at.naive_utc();
    let year = at.year().unsigned_abs();
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    text[..3].copy_from_slice(DAYS[at.weekday().num_days_from_monday() as usize]);
    text[5..7].copy_from_slice(&two_digits(at.day()));
    text[8..11].copy_from_slice(MONTHS[at.month0() as usize]);
    text[12..14].copy_from_slice(&two_digits(year / 100));
    text[14..16].copy_from_slice(&two_digits(year));
    text[17..19].copy_from_slice(&two_digits(at.hour()));
    text[20..22].copy_from_slice(&two_digits(at.minute()));
    text[23..25].copy_from_slice(&two_digits(at.second()));
    text
}

/// The last two of a number.
fn two_digits(number: u32) -> [u8; 2] {
    let digit = |number: u32| b"0123456789"[(number % 10) as usize];
    [digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_date_is_as_its_format_says(second in 0_i64..253_402_300_800) {
            // Once it is made, once it is remembered, and once another was in between.
            for (second, nanosecond) in [(second, 0), (second, 999_999_999), (0, 1), (second, 0)] {
                let at = DateTime::from_timestamp(second, nanosecond).unwrap();
                let expected = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                let text = http_date(at);
                prop_assert_eq!(&text[..], expected.as_bytes());
            }
        }
    }
}
