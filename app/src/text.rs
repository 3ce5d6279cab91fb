//! Small texts: cut names, sizes, counts, times, models. Pure functions of their arguments, the same on both sides of
//! hydration; nothing here knows a clock, a locale or a time zone.

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Splits a name into a head that may be cut and a tail that stays, so that a narrow row cuts it in the middle.
///
/// Short names have no tail: nothing would be gained by cutting before it.
pub fn split_for_middle_cut(name: &str) -> (&str, &str) {
    const TAIL: usize = 9;
    let count = name.chars().count();
    if count <= TAIL * 2 {
        return (name, "");
    }
    let at = name.char_indices().nth(count - TAIL).map_or(name.len(), |(at, _)| at);
    name.split_at(at)
}

/// Cuts a text in its middle to at most `limit` characters.
pub fn cut_in_the_middle(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit || limit < 3 {
        return text.to_owned();
    }
    let tail = (limit - 1) / 3;
    let head = limit - 1 - tail;
    let mut cut: String = text.chars().take(head).collect();
    cut.push('…');
    cut.extend(text.chars().skip(count - tail));
    cut
}

/// Cuts a path at its front to at most `limit` characters, at a separator where there is one.
pub fn cut_at_the_front(path: &str, limit: usize) -> String {
    let count = path.chars().count();
    if count <= limit {
        return path.to_owned();
    }
    let kept: String = path.chars().skip(count + 1 - limit).collect();
    let from = kept.find('/').filter(|at| at + 1 < kept.len()).unwrap_or(0);
    format!("…{}", kept.get(from..).unwrap_or(&kept))
}

/// A size in bytes for people: three digits at most.
#[expect(clippy::cast_precision_loss, reason = "a size for people needs three digits")]
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB"] {
        if value < 999.5 {
            return rounded(value, unit == "B") + " " + unit;
        }
        value /= 1000.0;
    }
    rounded(value, false) + " GB"
}

/// A count for people: exact below a thousand, three digits above.
#[expect(clippy::cast_precision_loss, reason = "a count for people needs three digits")]
pub fn count(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        1000..1_000_000 => rounded(number as f64 / 1e3, false) + "k",
        _ => rounded(number as f64 / 1e6, false) + "M",
    }
}

fn rounded(value: f64, whole: bool) -> String {
    decimal(value, usize::from(!whole && value < 9.95))
}

/// A number with so many digits after the point, six at most. Written with whole numbers: the general printing of
/// fractions would be one of the largest parts of the WebAssembly.
#[expect(clippy::cast_possible_truncation, reason = "drawings and sizes for people are far below 2^63")]
pub fn decimal(value: f64, digits: usize) -> String {
    let one = [1_i64, 10, 100, 1000, 10_000, 100_000, 1_000_000][digits.min(6)];
    let scaled = (value * one as f64).round() as i64;
    let (whole, fraction, sign) = (scaled.abs() / one, scaled.abs() % one, if scaled < 0 { "-" } else { "" });
    if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0digits$}") }
}

/// "1 session", "2 sessions".
pub fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How long ago something was, in one unit.
pub fn ago(now_ms: i64, at_ms: i64) -> String {
    match now_ms - at_ms {
        ..MINUTE => "now".to_owned(),
        past @ MINUTE..HOUR => format!("{} m", past / MINUTE),
        past @ HOUR..DAY => format!("{} h", past / HOUR),
        past => format!("{} d", past / DAY),
    }
}

/// A length of time in its two largest units.
pub fn duration(ms: i64) -> String {
    match ms.max(0) {
        short @ ..MINUTE => format!("{} s", short / 1000),
        some @ MINUTE..HOUR => format!("{} min", some / MINUTE),
        long @ HOUR..DAY => match long % HOUR / MINUTE {
            0 => format!("{} h", long / HOUR),
            minutes => format!("{} h {minutes} min", long / HOUR),
        },
        days => match days % DAY / HOUR {
            0 => format!("{} d", days / DAY),
            hours => format!("{} d {hours} h", days / DAY),
        },
    }
}

/// A model's name without what every name repeats: `claude-opus-4-8-20260101[1m]` is `opus 4.8`.
pub fn short_model(model: &str) -> String {
    let bare = model.split('[').next().unwrap_or(model);
    let bare = bare.rsplit('/').next().unwrap_or(bare);
    let bare = bare.strip_prefix("claude-").unwrap_or(bare);
    let mut words = Vec::new();
    let mut version = Vec::new();
    for part in bare.split('-') {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, part.len()) {
            (true, 6..) => {}
            (true, _) => version.push(part),
            (false, _) => words.push(part),
        }
    }
    match (words.is_empty(), version.is_empty()) {
        (false, false) => format!("{} {}", words.join(" "), version.join(".")),
        (false, true) => words.join(" "),
        _ => bare.to_owned(),
    }
}

/// The year, month and day of a number of days since 1970-01-01 (after Howard Hinnant's `civil_from_days`).
pub const fn civil(days: i32) -> (i32, u8, u8) {
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year as i32, month as u8, day as u8)
}

/// The day, counted from 1970-01-01, of a moment at an offset from UTC.
pub const fn day_of(ms: i64, offset_seconds: i32) -> i32 {
    (ms + offset_seconds as i64 * 1000).div_euclid(DAY) as i32
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A day as a heading: today, yesterday, a weekday within the week, else the date.
pub fn day_name(day: i32, today: i32) -> String {
    let (year, month, of_month) = civil(day);
    let weekday = WEEKDAYS[(day + 3).rem_euclid(7) as usize];
    let month = MONTHS[usize::from(month - 1) % 12];
    match today - day {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        2..7 => weekday.to_owned(),
        _ if year == civil(today).0 => format!("{weekday} {of_month} {month}"),
        _ => format!("{of_month} {month} {year}"),
    }
}

/// The time of day, `14:02`.
pub fn clock(ms: i64, offset_seconds: i32) -> String {
    let minutes = (ms + i64::from(offset_seconds) * 1000).rem_euclid(DAY) / MINUTE;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Day and time in few letters, `21 Nov 14:02`.
pub fn stamp(ms: i64, offset_seconds: i32) -> String {
    let (_, month, day) = civil(day_of(ms, offset_seconds));
    let month = MONTHS[usize::from(month - 1) % 12].get(..3).unwrap_or("");
    format!("{day} {month} {}", clock(ms, offset_seconds))
}

/// A moment as `<time datetime>` wants it: RFC 3339 in UTC.
pub fn rfc3339(ms: i64) -> String {
    let (year, month, day) = civil(day_of(ms, 0));
    let seconds = ms.rem_euclid(DAY) / 1000;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A text as one part of a URL's query or path.
pub fn url_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A text as it stands in HTML that is put together as text, also within an attribute.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
