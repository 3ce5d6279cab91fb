//! Good lines between what a fuzzer makes up: one where the input holds the byte 0xFF.

/// More would make slow files of short inputs.
const MOST_GOOD_LINES: usize = 4;

/// The file, and how many good lines stand in it.
pub fn with_good_lines(body: &[u8]) -> (Vec<u8>, u32) {
    let mut file = Vec::with_capacity(body.len() + 64);
    let mut count = 0;
    for (index, piece) in body.splitn(MOST_GOOD_LINES + 1, |byte| *byte == 0xFF).enumerate() {
        if index > 0 {
            file.push(b'\n');
            file.extend_from_slice(good_line(count).as_bytes());
            file.push(b'\n');
            count += 1;
        }
        file.extend_from_slice(piece);
    }
    (file, count)
}

/// A line that must be read, however damaged its neighbours are.
pub fn good_line(number: u32) -> String {
    format!(
        r#"{{"type":"user","uuid":"good-{number}","message":{{"role":"user","content":"word {number}"}}}}"#
    )
}
