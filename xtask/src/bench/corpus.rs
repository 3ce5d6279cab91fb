//! A made-up history of Claude Code, from a seed: what a heavy user's machine holds after some months.
//!
//! Sizes are log-normal with a few files of 20 to 60 MB; there are pictures, forks, sidechains, SDK runs, sessions
//! without a prompt, and damage. Nothing in it is anybody's. The lines have the form the client writes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::failure::Failure;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) sessions: u32,
    pub(crate) seed: u64,
    /// The median of the sizes, in bytes; the mean is about three and a half times that.
    pub(crate) median: f64,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made {
    pub(crate) files: u32,
    pub(crate) bytes: u64,
}

const WORDS: [&str; 32] = [
    "the",
    "cart",
    "module",
    "returns",
    "an",
    "error",
    "when",
    "price",
    "is",
    "missing",
    "so",
    "we",
    "should",
    "check",
    "test",
    "login",
    "session",
    "token",
    "retry",
    "queue",
    "render",
    "parse",
    "async",
    "stream",
    "file",
    "branch",
    "merge",
    "commit",
    "because",
    "otherwise",
    "first",
    "then",
];

/// Small, seeded, good enough for made-up data.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn chance(&mut self, percent: f64) -> bool {
        self.unit() * 100.0 < percent
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal number (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit().max(1e-12), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    fn uuid(&mut self) -> String {
        let (one, two) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            one >> 32,
            (one >> 16) & 0xffff,
            one & 0xfff,
            two >> 52,
            two & 0xffff_ffff_ffff
        )
    }

    fn text(&mut self, bytes: u64) -> String {
        let mut text = String::new();
        while (text.len() as u64) < bytes {
            text.push_str(WORDS[self.below(WORDS.len() as u64) as usize]);
            text.push_str(if self.chance(8.0) { ".\\n" } else { " " });
        }
        text
    }
}

/// Makes the history under a configuration folder.
pub(crate) fn make(root: &Path, plan: Plan) -> Result<Made, Failure> {
    let mut random = Random::new(plan.seed);
    let now = SystemTime::now();
    let mut made = Made::default();
    let buckets = u64::from(plan.sessions / 80).clamp(4, 200);
    let giants = plan.sessions / 700;
    let mut last_human: Option<String> = None;
    for number in 0..plan.sessions {
        // Squared, so that few projects have most of the sessions.
        let bucket = (random.unit().powi(2) * buckets as f64) as u64;
        let cwd = format!("/home/ada/work/project-{bucket}");
        let folder = root.join("projects").join(cwd.replace('/', "-"));
        fs::create_dir_all(&folder).map_err(Failure::file("make", &folder))?;
        let size = if number < giants {
            20e6 + random.unit() * 40e6
        } else {
            (plan.median * (1.6 * random.normal()).exp()).clamp(300.0, 15e6)
        };
        // 2 in 100 within the last day, the others over half a year.
        let age = if number % 50 == 0 { random.unit() * 80_000.0 } else { 90_000.0 + random.unit() * 1.5e7 };
        let written = now - Duration::from_secs_f64(age);
        let kind = match random.below(100) {
            0..30 => Kind::Human,
            30..85 => Kind::Sdk,
            85..92 => Kind::Background,
            92..96 => Kind::Sidechain,
            _ => Kind::Empty,
        };
        let id = random.uuid();
        let path = folder.join(format!("{id}.jsonl"));
        // A fork begins with the same line as the session it left.
        let fork_of = last_human.take().filter(|_| kind == Kind::Human && random.chance(10.0));
        let first_uuid = fork_of.unwrap_or_else(|| random.uuid());
        let bytes = Session { random: &mut random, id: &id, cwd: &cwd, kind, written }
            .write(&path, size as u64, &first_uuid)
            .map_err(Failure::file("write", &path))?;
        if kind == Kind::Human {
            last_human = Some(first_uuid);
        }
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(written))
            .map_err(Failure::file("date", &path))?;
        made.files += 1;
        made.bytes += bytes;
    }
    Ok(made)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Human,
    Sdk,
    Background,
    Sidechain,
    Empty,
}

struct Session<'a> {
    random: &'a mut Random,
    id: &'a str,
    cwd: &'a str,
    kind: Kind,
    written: SystemTime,
}

impl Session<'_> {
    fn write(&mut self, path: &Path, size: u64, first_uuid: &str) -> std::io::Result<u64> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let mut written = 0;
        let mut line = |file: &mut BufWriter<File>, text: &str| {
            written += text.len() as u64 + 1;
            file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map(|()| written)
        };
        let mode = format!(r#"{{"type":"mode","mode":"normal","sessionId":"{}"}}"#, self.id);
        let mut so_far = line(&mut file, &mode)?;
        if self.kind == Kind::Empty {
            file.flush()?;
            return Ok(so_far);
        }
        let mut parent = None;
        let mut turn = 0_u64;
        let named = self.kind == Kind::Human && self.random.chance(75.0);
        while so_far < size || turn == 0 {
            for step in 0..4 {
                let uuid = if turn + step == 0 { first_uuid.to_owned() } else { self.random.uuid() };
                let text = self.chain_line(&uuid, parent.as_deref(), step, so_far * 1000 / size.max(1));
                so_far = line(&mut file, &text)?;
                parent = Some(uuid);
            }
            if turn == 0 && named {
                so_far = line(&mut file, &self.title())?;
            }
            if self.random.chance(0.02) {
                // A crash: half a record, NULs, and the next record in the same line.
                file.write_all(b"{\"parentUuid\":\"x\",\"type\":\"us\0\0\0\0")?;
            }
            turn += 1;
        }
        if named {
            let title = self.title();
            line(&mut file, &title)?;
        }
        let last = format!(
            r#"{{"type":"last-prompt","lastPrompt":"{}","leafUuid":"{}","sessionId":"{}"}}"#,
            self.random.text(60).replace("\\n", " "),
            parent.unwrap_or_default(),
            self.id
        );
        so_far = line(&mut file, &last)?;
        file.flush()?;
        Ok(so_far)
    }

    fn title(&mut self) -> String {
        let words = self.random.text(30).replace("\\n", " ");
        format!(r#"{{"type":"ai-title","aiTitle":"{}","sessionId":"{}"}}"#, words.trim_end(), self.id)
    }

    /// Prompt, tool call, result, answer. `progress` is how far into the file it stands, in thousandths.
    fn chain_line(&mut self, uuid: &str, parent: Option<&str>, step: u64, progress: u64) -> String {
        let parent = parent.map_or_else(|| "null".to_owned(), |parent| format!("\"{parent}\""));
        let before_end = Duration::from_secs(3600).mul_f64(1.0 - (progress.min(1000) as f64) / 1000.0);
        let time = rfc3339(self.written - before_end);
        let entrypoint = if self.kind == Kind::Sdk { "sdk-ts" } else { "cli" };
        let sidechain = self.kind == Kind::Sidechain;
        let background = if self.kind == Kind::Background { r#","sessionKind":"bg""# } else { "" };
        let tool = format!("toolu_{uuid}");
        let (kind, message) = match step {
            0 => ("user", self.prompt()),
            1 => ("assistant", {
                let path = format!("{}/src/part-{}.rs", self.cwd, self.random.below(40));
                let (old, new) = (self.random.text(200), self.random.text(260));
                let input = format!(r#"{{"file_path":"{path}","old_string":"{old}","new_string":"{new}"}}"#);
                self.reply(
                    uuid,
                    &format!(r#"{{"type":"tool_use","id":"{tool}","name":"Edit","input":{input}}}"#),
                )
            }),
            2 => ("user", {
                let length = 400 + self.random.below(6_000);
                let output = self.random.text(length);
                format!(
                    r#"{{"role":"user","content":[{{"tool_use_id":"{tool}","type":"tool_result","content":"{output}","is_error":false}}]}}"#
                )
            }),
            _ => ("assistant", {
                let length = 300 + self.random.below(2_500);
                let text = self.random.text(length);
                self.reply(uuid, &format!(r#"{{"type":"text","text":"{text}"}}"#))
            }),
        };
        format!(
            r#"{{"parentUuid":{parent},"isSidechain":{sidechain},"type":"{kind}","message":{message},"uuid":"{uuid}","timestamp":"{time}","userType":"external","entrypoint":"{entrypoint}","cwd":"{}","sessionId":"{}","version":"2.1.197","gitBranch":"main"{background}}}"#,
            self.cwd, self.id
        )
    }

    fn prompt(&mut self) -> String {
        let length = 20 + self.random.below(400);
        let text = self.random.text(length);
        if !self.random.chance(0.4) {
            return format!(r#"{{"role":"user","content":"{text}"}}"#);
        }
        // One in 250 prompts comes with a picture of 100 KB to 2 MB.
        let picture = "iVBORw0KGgoAAAANSUhEUgAA".repeat(4_000 + self.random.below(80_000) as usize);
        format!(
            r#"{{"role":"user","content":[{{"type":"text","text":"{text}"}},{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{picture}"}}}}]}}"#
        )
    }

    fn reply(&mut self, uuid: &str, block: &str) -> String {
        let output = self.random.below(900);
        format!(
            r#"{{"id":"msg_{uuid}","type":"message","role":"assistant","model":"claude-opus-4-8","content":[{block}],"stop_reason":"end_turn","usage":{{"input_tokens":120,"cache_creation_input_tokens":2000,"cache_read_input_tokens":9000,"output_tokens":{output}}}}}"#
        )
    }
}

/// A time as the client writes it.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Civil date from the day number, counting years from March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let at = |seconds: u64| rfc3339(SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 7));
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.007Z");
        assert_eq!(at(1_795_417_859), "2026-11-23T07:10:59.007Z");
    }

    #[test]
    fn a_seed_makes_the_same_history() {
        let names = |seed| {
            let folder = tempfile::tempdir().unwrap();
            let plan = Plan { sessions: 40, seed, median: 2_000.0 };
            let made = make(folder.path(), plan).unwrap();
            assert_eq!(made.files, 40);
            let mut names = Vec::new();
            for bucket in fs::read_dir(folder.path().join("projects")).unwrap() {
                for file in fs::read_dir(bucket.unwrap().path()).unwrap() {
                    names.push(file.unwrap().file_name());
                }
            }
            names.sort();
            names
        };
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
    }
}
