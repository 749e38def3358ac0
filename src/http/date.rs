//! Instants as HTTP writes them (RFC 9110, 5.6.7).

use chrono::{DateTime, Datelike, Timelike, Utc};

const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// An instant of a year with four digits, by hand: this is on the way of every warm read.
pub fn http_date(at: DateTime<Utc>) -> [u8; 29] {
    let at = at.naive_utc();
    let [a, b, c] = *DAYS[at.weekday().num_days_from_monday() as usize];
    let [d, e] = two_digits(at.day());
    let [f, g, h] = *MONTHS[at.month0() as usize];
    let year = at.year().unsigned_abs();
    let ([i, j], [k, l]) = (two_digits(year / 100), two_digits(year));
    let ([m, n], [o, p], [q, r]) = (two_digits(at.hour()), two_digits(at.minute()), two_digits(at.second()));
    [
        a, b, c, b',', b' ', d, e, b' ', f, g, h, b' ', i, j, k, l, b' ', m, n, b':', o, p, b':', q, r, b' ', b'G',
        b'M', b'T',
    ]
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
            let at = DateTime::from_timestamp(second, 999_999_999).unwrap();
            let expected = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let text = http_date(at);
            prop_assert_eq!(&text[..], expected.as_bytes());
        }
    }
}
