//! Transcripts in Claude Code's form, written line by line: by the history at once, by the scripted client as it goes.
//!
//! What a line looks like was learnt from the real client; the engine reads these like any others.

use std::io::{self, Write};

use fastrand::Rng;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The version that the lines say wrote them.
pub(crate) const CLIENT_VERSION: &str = "2.1.330";
/// The tokens that every conversation begins with: the client's own words.
const FIRST_WORDS: u64 = 14_200;

/// What all lines of a transcript have in common.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The session's id.
    pub(crate) session: String,
    /// The folder it works in.
    pub(crate) folder: String,
    /// The branch that is checked out there; empty when it is no repository.
    pub(crate) branch: String,
    /// How the client was started: `cli`, `sdk-cli`, `sdk-ts`.
    pub(crate) entrypoint: &'static str,
    /// The id of the subagent that speaks, when one does.
    pub(crate) agent: Option<String>,
}

/// Tokens, as the client counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) read: u64,
    pub(crate) written: u64,
}

impl Tokens {
    /// As the client prints them.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.read,
            "output_tokens": self.output,
            "cache_creation": { "ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": self.written },
            "service_tier": "standard",
        })
    }

    /// What they would cost, in USD: roughly, which is as good as made-up numbers need to be.
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    pub(crate) fn cost(self) -> f64 {
        let of = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        of(self.input, 4.0) + of(self.written, 5.0) + of(self.read, 0.2) + of(self.output, 20.0)
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: Self) {
        self.input += other.input;
        self.output += other.output;
        self.read += other.read;
        self.written += other.written;
    }
}

/// A transcript that is being written.
#[derive(Debug)]
pub(crate) struct Transcript<W> {
    out: W,
    setting: Setting,
    random: Rng,
    /// The model that answers.
    pub(crate) model: String,
    parent: Option<String>,
    /// The line that holds the last call.
    caller: Option<String>,
    prompt: String,
    /// The reply that is under way, and what it cost so far.
    reply: Option<(String, Tokens)>,
    /// Tokens that the model has before it.
    context: u64,
    /// Tokens that came since the last reply.
    added: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    parent_uuid: Option<&'a str>,
    is_sidechain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    r#type: &'a str,
    #[serde(flatten)]
    content: Map<String, Value>,
    uuid: &'a str,
    timestamp: String,
    user_type: &'a str,
    entrypoint: &'a str,
    cwd: &'a str,
    session_id: &'a str,
    version: &'a str,
    git_branch: &'a str,
}

/// A random id in the form of a UUID.
pub(crate) fn uuid(random: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid().to_string()
}

/// A random id of a reply, a call or a request.
pub(crate) fn id(random: &mut Rng, kind: &str) -> String {
    format!("{kind}_{:024x}", random.u128(..) >> 32)
}

fn tokens_of(text: &str) -> u64 {
    text.len() as u64 / 4 + 1
}

impl<W: Write> Transcript<W> {
    /// A transcript that goes on after a line, or begins.
    pub(crate) fn new(out: W, setting: Setting, model: &str, random: Rng, after: Option<String>) -> Self {
        Self {
            out,
            setting,
            random,
            model: model.to_owned(),
            parent: after,
            caller: None,
            prompt: String::new(),
            reply: None,
            context: 0,
            added: FIRST_WORDS,
        }
    }

    /// The session's id.
    pub(crate) fn session(&self) -> &str {
        &self.setting.session
    }

    /// What was written so far, when that is a buffer.
    pub(crate) fn into_inner(self) -> W {
        self.out
    }

    /// A line that is no part of the conversation.
    fn note(&mut self, line: &Value) -> io::Result<()> {
        self.out.write_all(format!("{line}\n").as_bytes())
    }

    /// A line of the conversation.
    fn line(&mut self, at: Timestamp, kind: &str, content: Value) -> io::Result<()> {
        let uuid = uuid(&mut self.random);
        let Value::Object(content) = content else { return Ok(()) };
        let setting = &self.setting;
        let line = Line {
            parent_uuid: self.parent.as_deref(),
            is_sidechain: setting.agent.is_some(),
            agent_id: setting.agent.as_deref(),
            r#type: kind,
            content,
            uuid: &uuid,
            timestamp: format!("{at:.3}"),
            user_type: "external",
            entrypoint: setting.entrypoint,
            cwd: &setting.folder,
            session_id: &setting.session,
            version: CLIENT_VERSION,
            git_branch: &setting.branch,
        };
        // At once: whoever reads meanwhile finds whole lines.
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        self.parent = Some(uuid);
        Ok(())
    }

    /// A person asks something.
    pub(crate) fn prompt(&mut self, at: Timestamp, text: &str) -> io::Result<()> {
        self.reply = None;
        self.added += tokens_of(text);
        self.prompt = uuid(&mut self.random);
        let source = if self.setting.entrypoint == "cli" { "typed" } else { "sdk" };
        let message = json!({ "role": "user", "content": text });
        let content = json!({ "promptId": self.prompt, "promptSource": source, "message": message });
        self.line(at, "user", content)
    }

    /// A block of the model's reply; answers what the reply costs in addition.
    fn block(&mut self, at: Timestamp, block: Value, length: u64, ends_turn: bool) -> io::Result<Tokens> {
        let before = self.reply.take();
        let (id, mut tokens) = match before {
            Some(reply) => reply,
            None => {
                let tokens = Tokens { input: 3, output: 0, read: self.context, written: self.added };
                self.context += self.added;
                self.added = 0;
                (id(&mut self.random, "msg"), tokens)
            }
        };
        let is_first = tokens.output == 0;
        tokens.output += length;
        self.added += length;
        let stop = if ends_turn { "end_turn" } else { "tool_use" };
        let content = json!({
            "message": {
                "id": id, "type": "message", "role": "assistant", "model": self.model, "content": [block],
                "stop_reason": stop, "stop_sequence": null, "usage": tokens.to_json(),
            },
        });
        self.line(at, "assistant", content)?;
        let new = if is_first { tokens } else { Tokens { output: length, ..Tokens::default() } };
        self.reply = Some((id, tokens));
        Ok(new)
    }

    /// The model says something.
    pub(crate) fn said(&mut self, at: Timestamp, text: &str, ends_turn: bool) -> io::Result<Tokens> {
        self.block(at, json!({ "type": "text", "text": text }), tokens_of(text), ends_turn)
    }

    /// The model thinks.
    pub(crate) fn thought(&mut self, at: Timestamp, text: &str) -> io::Result<Tokens> {
        let block = json!({ "type": "thinking", "thinking": text, "signature": "" });
        self.block(at, block, tokens_of(text), false)
    }

    /// The model uses a tool.
    pub(crate) fn called(
        &mut self,
        at: Timestamp,
        call: &str,
        tool: &str,
        input: &Value,
    ) -> io::Result<Tokens> {
        let block = json!({ "type": "tool_use", "id": call, "name": tool, "input": input });
        let tokens = self.block(at, block, tokens_of(&input.to_string()), false)?;
        self.caller.clone_from(&self.parent);
        Ok(tokens)
    }

    /// A tool answers. `noted` is what the client notes beside it.
    pub(crate) fn returned(
        &mut self,
        at: Timestamp,
        call: &str,
        content: Value,
        is_error: bool,
        noted: Value,
    ) -> io::Result<()> {
        self.reply = None;
        self.added += tokens_of(&content.to_string());
        let block =
            json!({ "tool_use_id": call, "type": "tool_result", "content": content, "is_error": is_error });
        let content = json!({
            "promptId": self.prompt,
            "message": { "role": "user", "content": [block] },
            "toolUseResult": noted,
            "sourceToolAssistantUUID": self.caller,
        });
        self.line(at, "user", content)
    }

    /// A person interrupted the turn.
    pub(crate) fn interrupted(&mut self, at: Timestamp, text: &str) -> io::Result<()> {
        self.reply = None;
        let content = json!({ "message": { "role": "user", "content": [{ "type": "text", "text": text }] } });
        self.line(at, "user", content)
    }

    /// The conversation is summarised to make room.
    pub(crate) fn compacted(&mut self, at: Timestamp, summary: &str) -> io::Result<()> {
        let before = self.parent.take();
        let tokens = self.context + self.added;
        self.reply = None;
        let content = json!({
            "subtype": "compact_boundary", "content": "Conversation compacted", "level": "info", "isMeta": false,
            "logicalParentUuid": before, "compactMetadata": { "trigger": "auto", "preTokens": tokens },
        });
        self.line(at, "system", content)?;
        (self.context, self.added) = (0, FIRST_WORDS + tokens_of(summary));
        let content = json!({
            "isVisibleInTranscriptOnly": true, "isCompactSummary": true,
            "message": { "role": "user", "content": summary },
        });
        self.line(at, "user", content)
    }

    /// The model could not be asked.
    pub(crate) fn failed(&mut self, at: Timestamp, words: &str) -> io::Result<()> {
        let content = json!({
            "isApiErrorMessage": true,
            "message": {
                "id": id(&mut self.random, "msg"), "type": "message", "role": "assistant", "model": "<synthetic>",
                "content": [{ "type": "text", "text": words }], "stop_reason": "stop_sequence",
                "usage": Tokens::default().to_json(),
            },
        });
        self.reply = None;
        self.line(at, "assistant", content)
    }

    /// A name for the session.
    pub(crate) fn title(&mut self, title: &str, is_persons: bool) -> io::Result<()> {
        let session = &self.setting.session;
        self.note(&match is_persons {
            true => json!({ "type": "custom-title", "customTitle": title, "sessionId": session }),
            false => json!({ "type": "ai-title", "aiTitle": title, "sessionId": session }),
        })
    }

    /// What was asked last, and on which line the conversation stands.
    pub(crate) fn last_prompt(&mut self, text: &str) -> io::Result<()> {
        let line = json!({
            "type": "last-prompt", "lastPrompt": text, "leafUuid": self.parent, "sessionId": self.setting.session,
        });
        self.note(&line)
    }
}

/// A line of another transcript as a copy of its session has it, with the line's uuid; `None` when a copy has no such
/// line.
pub(crate) fn copied(line: &str, session: &str) -> Option<(String, String)> {
    let mut value: Value = serde_json::from_str(line).ok()?;
    let uuid = value.get("uuid")?.as_str()?.to_owned();
    let from = value.get("sessionId").cloned()?;
    let fields = value.as_object_mut()?;
    fields.insert("forkedFrom".to_owned(), json!({ "sessionId": from, "messageUuid": uuid }));
    fields.insert("sessionId".to_owned(), json!(session));
    Some((format!("{value}\n"), uuid))
}

/// The name of the folder that the client keeps the transcripts of a working folder in.
pub(crate) fn bucket(folder: &str) -> String {
    const LONGEST: usize = 200;
    let kept = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = folder
        .chars()
        .flat_map(|character| std::iter::repeat_n(kept(character), character.len_utf16()))
        .collect();
    if name.len() <= LONGEST {
        return name;
    }
    let hash =
        folder.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    format!("{}-{}", &name[..LONGEST], base36(hash.unsigned_abs()))
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_called_as_the_client_calls_them() {
        assert_eq!(bucket("/home/ada/api.v2"), "-home-ada-api-v2");
        assert_eq!(bucket("/😀/"), "----");
        let long = bucket(&format!("/{}", "a".repeat(300)));
        assert!(long.len() > 201 && long[..201].ends_with("a-"), "{long}");
    }

    #[test]
    fn a_copy_of_a_line_says_where_it_comes_from() {
        let line = r#"{"uuid":"u1","sessionId":"one","type":"user"}"#;
        let (copy, uuid) = copied(line, "two").unwrap();
        let copy: Value = serde_json::from_str(&copy).unwrap();
        assert_eq!((uuid.as_str(), copy["sessionId"].as_str()), ("u1", Some("two")));
        assert_eq!(copy["forkedFrom"], json!({ "sessionId": "one", "messageUuid": "u1" }));
        assert_eq!(copied(r#"{"type":"mode","sessionId":"one"}"#, "two"), None);
    }
}
