//! What the lines of a transcript say about its session, gathered line by line.

use jiff::Timestamp;
use orchestra_model::{SessionKind, TitleSource};
use serde::{Deserialize, Serialize};

use super::{bucket::is_bucket_of, record::Record};
use crate::{
    jsonl::{lenient::Text, read_around},
    prompt::{one_line, real_prompt},
};

/// How much of a title or a prompt is kept, in characters.
const LONGEST_TITLE: usize = 200;

/// What is known of a session from its transcript alone. Kept in the cache.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// From the first lines.
    pub(super) started_ms: Option<i64>,
    pub(super) lineage: Option<String>,
    pub(super) first_cwd: Option<String>,
    /// The first folder that the bucket is named after.
    pub(super) bucket_cwd: Option<String>,
    pub(super) first_prompt: Option<String>,
    pub(super) forked_from: Option<(String, Option<String>)>,
    /// From the last lines.
    pub(super) active_ms: Option<i64>,
    pub(super) relocated_cwd: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) model: Option<String>,
    pub(super) custom_title: Option<String>,
    pub(super) ai_title: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) last_prompt: Option<String>,
    /// What the client noted as the last prompt; it can be older than the last one in the conversation.
    pub(super) noted_prompt: Option<String>,
    /// Who spoke.
    pub(super) evidence: Evidence,
    /// Lines that could not be understood, of those read.
    pub(super) damaged: u32,
}

/// What has been seen that tells who held the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Evidence {
    pub(super) chain_lines: bool,
    main_lines: bool,
    replies: bool,
    sdk: bool,
    other_entrypoint: bool,
    background: bool,
    team: bool,
    typed: bool,
}

impl Facts {
    /// Takes in one line, later in the file than those before it.
    pub(super) fn absorb(&mut self, line: &[u8], bucket: &str) {
        self.damaged += read_around(line, |text| {
            let record: Record<'_> = serde_json::from_slice(text)?;
            self.absorb_record(&record, bucket);
            Ok(())
        });
    }

    fn absorb_record(&mut self, record: &Record<'_>, bucket: &str) {
        match record.line_type.as_str() {
            Some("user" | "assistant" | "attachment" | "system" | "progress") => {
                self.absorb_chain_line(record, bucket);
            }
            Some("custom-title") => self.custom_title = title(&record.custom_title),
            Some("ai-title") => keep(&mut self.ai_title, title(&record.ai_title)),
            Some("summary") => keep(&mut self.summary, title(&record.summary)),
            Some("last-prompt") => {
                let prompt = record.last_prompt.as_str().and_then(real_prompt);
                keep(&mut self.noted_prompt, prompt.and_then(|text| one_line(&text, LONGEST_TITLE)));
            }
            Some("relocated") => keep(&mut self.relocated_cwd, record.relocated_cwd.non_empty()),
            Some("queue-operation") => self.absorb_time(record),
            _ => {}
        }
    }

    fn absorb_chain_line(&mut self, record: &Record<'_>, bucket: &str) {
        self.absorb_time(record);
        let evidence = &mut self.evidence;
        if record.uuid.as_str().is_some() {
            evidence.chain_lines = true;
            evidence.main_lines |= !record.is_sidechain.0;
        }
        match record.entrypoint.as_str() {
            Some(entrypoint) if entrypoint.starts_with("sdk") => evidence.sdk = true,
            Some(_) => evidence.other_entrypoint = true,
            None => {}
        }
        evidence.background |=
            matches!(record.session_kind.as_str(), Some("bg" | "daemon" | "daemon-worker" | "background"));
        evidence.team |= record.team_name.as_str().is_some_and(|name| !name.is_empty());
        evidence.typed |= record.prompt_source.as_str() == Some("typed");
        if let Some(cwd) = record.cwd.as_str().filter(|cwd| !cwd.is_empty()) {
            if self.first_cwd.is_none() {
                self.first_cwd = Some(cwd.to_owned());
            }
            if self.bucket_cwd.is_none() && is_bucket_of(bucket, cwd) {
                self.bucket_cwd = Some(cwd.to_owned());
            }
        }
        if self.lineage.is_none()
            && record.parent_uuid.as_str().is_none()
            && record.logical_parent_uuid.as_str().is_none()
        {
            self.lineage = record.uuid.non_empty();
        }
        if let (None, Some(fork)) = (&self.forked_from, &record.forked_from.0)
            && let Some(parent) = fork.session_id.non_empty()
        {
            self.forked_from = Some((parent, fork.message_uuid.non_empty()));
        }
        if let Some(branch) = record.git_branch.as_str().filter(|branch| !branch.is_empty()) {
            replace(&mut self.branch, branch);
        }
        self.absorb_message(record);
    }

    fn absorb_message(&mut self, record: &Record<'_>) {
        let prompt = match record.line_type.as_str() {
            Some("user") if !record.is_meta.0 && !record.is_compact_summary.0 && !record.is_sidechain.0 => {
                let content = record.message.0.as_ref().map(|message| &message.content);
                let said = content.filter(|content| !content.has_tool_result);
                match said {
                    Some(said) if said.text.is_none() && said.has_other => Some("(a picture)".into()),
                    said => said.and_then(|said| said.text.as_deref()).and_then(real_prompt),
                }
            }
            Some("attachment") => record
                .attachment
                .0
                .as_ref()
                .filter(|attachment| attachment.attachment_type.as_str() == Some("queued_command"))
                .and_then(|attachment| attachment.prompt.text.as_deref())
                .and_then(real_prompt),
            Some("assistant") => {
                self.evidence.replies = true;
                if let Some(model) = record.message.0.as_ref().and_then(|message| message.model.as_str())
                    && model != "<synthetic>"
                {
                    replace(&mut self.model, model);
                }
                None
            }
            _ => None,
        };
        if let Some(prompt) = prompt.and_then(|text| one_line(&text, LONGEST_TITLE)) {
            if self.first_prompt.is_none() {
                self.first_prompt = Some(prompt.clone());
            }
            self.last_prompt = Some(prompt);
        }
    }

    fn absorb_time(&mut self, record: &Record<'_>) {
        let Some(time) = record.timestamp.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
            return;
        };
        let time = time.as_millisecond();
        self.started_ms = Some(self.started_ms.map_or(time, |known| known.min(time)));
        self.active_ms = Some(self.active_ms.map_or(time, |known| known.max(time)));
    }

    /// Adds what was read further on in the same file.
    pub(super) fn followed_by(self, later: Self) -> Self {
        let evidence = Evidence {
            chain_lines: self.evidence.chain_lines | later.evidence.chain_lines,
            main_lines: self.evidence.main_lines | later.evidence.main_lines,
            replies: self.evidence.replies | later.evidence.replies,
            sdk: self.evidence.sdk | later.evidence.sdk,
            other_entrypoint: self.evidence.other_entrypoint | later.evidence.other_entrypoint,
            background: self.evidence.background | later.evidence.background,
            team: self.evidence.team | later.evidence.team,
            typed: self.evidence.typed | later.evidence.typed,
        };
        Self {
            started_ms: earliest(self.started_ms, later.started_ms),
            lineage: self.lineage.or(later.lineage),
            first_cwd: self.first_cwd.or(later.first_cwd),
            bucket_cwd: self.bucket_cwd.or(later.bucket_cwd),
            first_prompt: self.first_prompt.or(later.first_prompt),
            forked_from: self.forked_from.or(later.forked_from),
            active_ms: self.active_ms.max(later.active_ms),
            relocated_cwd: later.relocated_cwd.or(self.relocated_cwd),
            branch: later.branch.or(self.branch),
            model: later.model.or(self.model),
            custom_title: later.custom_title.or(self.custom_title),
            ai_title: later.ai_title.or(self.ai_title),
            summary: later.summary.or(self.summary),
            last_prompt: later.last_prompt.or(self.last_prompt),
            noted_prompt: later.noted_prompt.or(self.noted_prompt),
            evidence,
            damaged: self.damaged + later.damaged,
        }
    }

    /// The folder the session works in.
    pub(super) fn cwd(&self) -> Option<&str> {
        self.relocated_cwd.as_deref().or(self.bucket_cwd.as_deref()).or(self.first_cwd.as_deref())
    }

    /// The last thing a person asked.
    pub(super) fn prompt(&self) -> Option<&str> {
        self.last_prompt.as_deref().or(self.noted_prompt.as_deref())
    }

    /// The best title, unless only the id is left.
    pub(super) fn title(&self) -> Option<(&str, TitleSource)> {
        [
            (self.custom_title.as_deref(), TitleSource::Custom),
            (self.ai_title.as_deref(), TitleSource::Ai),
            (self.summary.as_deref(), TitleSource::Summary),
            (self.prompt(), TitleSource::LastPrompt),
            (self.first_prompt.as_deref(), TitleSource::FirstPrompt),
        ]
        .into_iter()
        .find_map(|(title, source)| title.map(|title| (title, source)))
    }

    /// Who held the conversation.
    pub(super) fn kind(&self) -> SessionKind {
        let evidence = self.evidence;
        let spoken = self.first_prompt.is_some() || self.noted_prompt.is_some() || evidence.replies;
        if evidence.chain_lines && !evidence.main_lines {
            SessionKind::Sidechain
        } else if !spoken {
            SessionKind::Empty
        } else if evidence.background {
            SessionKind::Background
        } else if evidence.team && !evidence.typed {
            SessionKind::Team
        } else if evidence.sdk && !evidence.other_entrypoint {
            SessionKind::Sdk
        } else {
            SessionKind::Human
        }
    }

    /// Whether there is nothing in it but damage.
    pub(super) fn says_nothing(&self) -> bool {
        self.damaged > 0 && !self.evidence.chain_lines && self.title().is_none()
    }

    /// Whether a name was given, by the person or the client: anything else is worth another look.
    pub(super) fn is_named(&self) -> bool {
        self.custom_title.is_some() || self.ai_title.is_some()
    }
}

fn title(text: &Text<'_>) -> Option<String> {
    text.as_str().and_then(|text| one_line(text, LONGEST_TITLE))
}

fn keep(known: &mut Option<String>, newer: Option<String>) {
    if newer.is_some() {
        *known = newer;
    }
}

fn replace(known: &mut Option<String>, newer: &str) {
    if known.as_deref() != Some(newer) {
        *known = Some(newer.to_owned());
    }
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(lines: &[&str]) -> Facts {
        let mut facts = Facts::default();
        for line in lines {
            facts.absorb(line.as_bytes(), "-home-ada-shop");
        }
        facts
    }

    const HUMAN: &str = r#"{"parentUuid":null,"uuid":"u1","type":"user","message":{"content":"Hello there"},"timestamp":"2026-11-23T07:10:18.887Z","entrypoint":"cli","cwd":"/home/ada/shop","gitBranch":"main"}"#;

    #[test]
    fn titles_in_their_order() {
        let mut lines = vec![HUMAN, r#"{"type":"last-prompt","lastPrompt":"Older"}"#];
        assert_eq!(facts(&lines).title(), Some(("Hello there", TitleSource::LastPrompt)));
        for (line, title, source) in [
            (r#"{"type":"summary","summary":"Sum"}"#, "Sum", TitleSource::Summary),
            (r#"{"type":"ai-title","aiTitle":"Ai"}"#, "Ai", TitleSource::Ai),
            (r#"{"type":"custom-title","customTitle":"Mine"}"#, "Mine", TitleSource::Custom),
        ] {
            lines.push(line);
            assert_eq!(facts(&lines).title(), Some((title, source)));
        }
    }

    #[test]
    fn the_folder_is_the_relocated_one_then_the_buckets_then_the_first() {
        let elsewhere = HUMAN.replace("/home/ada/shop", "/tmp/x");
        assert_eq!(facts(&[&elsewhere, HUMAN]).cwd(), Some("/home/ada/shop"));
        assert_eq!(facts(&[&elsewhere]).cwd(), Some("/tmp/x"));
        let relocated = r#"{"type":"relocated","relocatedCwd":"/new"}"#;
        assert_eq!(facts(&[&elsewhere, relocated, HUMAN]).cwd(), Some("/new"));
    }

    #[test]
    fn kinds() {
        assert_eq!(facts(&[HUMAN]).kind(), SessionKind::Human);
        assert_eq!(facts(&[&HUMAN.replace("\"cli\"", "\"sdk-cli\"")]).kind(), SessionKind::Sdk);
        assert_eq!(
            facts(&[&HUMAN.replace("\"uuid\"", "\"isSidechain\":true,\"uuid\"")]).kind(),
            SessionKind::Sidechain
        );
        assert_eq!(
            facts(&[&HUMAN.replace("\"uuid\"", "\"sessionKind\":\"bg\",\"uuid\"")]).kind(),
            SessionKind::Background
        );
        assert_eq!(
            facts(&[&HUMAN.replace("\"uuid\"", "\"teamName\":\"a\",\"uuid\"")]).kind(),
            SessionKind::Team
        );
        assert_eq!(facts(&[r#"{"type":"mode","mode":"normal"}"#]).kind(), SessionKind::Empty);
    }

    #[test]
    fn wrong_types_are_read_around() {
        let odd = r#"{"type":"user","uuid":7,"timestamp":12,"cwd":["x"],"message":{"content":{"a":1}},"forkedFrom":"no","isMeta":"yes"}"#;
        let facts = facts(&[odd, HUMAN, "not json", "{\"type\":\"user\""]);
        assert_eq!(facts.title(), Some(("Hello there", TitleSource::LastPrompt)));
        assert_eq!(facts.damaged, 2);
    }

    #[test]
    fn halves_add_up_to_the_whole() {
        let lines = [
            HUMAN,
            r#"{"parentUuid":"u1","uuid":"u2","type":"assistant","message":{"model":"claude-opus-4-8","content":[]},"timestamp":"2026-11-23T07:11:18.887Z","cwd":"/home/ada/shop","gitBranch":"other"}"#,
            r#"{"type":"custom-title","customTitle":"Mine"}"#,
        ];
        for split in 0..=lines.len() {
            assert_eq!(facts(&lines[..split]).followed_by(facts(&lines[split..])), facts(&lines), "{split}");
        }
    }
}
