//! Instants as HTTP writes them (RFC 9110, 5.6.7).

use chrono::{DateTime, Datelike, Timelike, Utc};

const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// An instant of a year with four digits, by hand: this is on the way of every warm read.
pub fn http_date(at: DateTime<Utc>) -> [u8; 29] {
    let at = at.naive_utc();
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    let year = at.year().unsigned_abs();
    for (place, number) in
        [(5, at.day()), (12, year / 100), (14, year), (17, at.hour()), (20, at.minute()), (23, at.second())]
    {
        text[place..place + 2].copy_from_slice(&[digit(number / 10), digit(number)]);
    }
    text[..3].copy_from_slice(DAYS[at.weekday().num_days_from_monday() as usize]);
    text[8..11].copy_from_slice(MONTHS[at.month0() as usize]);
    text
}

/// The last one of a number.
fn digit(number: u32) -> u8 {
    b"0123456789"[(number % 10) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_date_is_as_its_format_says(second in 0_i64..253_402_300_800) {
            let at = DateTime::from_timestamp(second, 999_999_999).unwrap();
            let expected = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let text = http_date(at);
            prop_assert_eq!(&text[..], expected.as_bytes());
        }
    }
}
