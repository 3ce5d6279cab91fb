//! Decides the reply to each request: from directives in the prompt, from a list, or from a function.
//!
//! The directives' script keeps no place of its own: where a turn stands is counted from the tools that the request
//! says were called, so a resumed or forked session goes on where it was.

use crate::{Block, Directive, Message, Reply, Request};
use serde_json::{Map, Value, json};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const CLOSING_WORDS: &str = "Done: the task is complete.";
/// With it the client loads tools whose schemas it has not sent yet; it is no step of a script.
const TOOL_SEARCH: &str = "ToolSearch";

/// What the scripted model says.
pub struct Script {
    kind: Kind,
    /// How often a `[[fail …]]` has refused: the one thing that a retried request does not tell.
    refused: Mutex<HashMap<String, u32>>,
}

type Decide = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

enum Kind {
    Directives,
    Replies(Mutex<VecDeque<Reply>>),
    Function(Decide),
}

impl Script {
    /// The default: every reply follows the directives in the last prompt, one tool a reply, and the turn ends with
    /// a text. A prompt without directives is answered with a text at once.
    #[must_use]
    pub fn directives() -> Self {
        Self::of(Kind::Directives)
    }

    /// These replies, one for each step of a turn, in the order in which the steps arrive; then a closing text for
    /// ever. The client's calls on the side take none of them.
    #[must_use]
    pub fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::of(Kind::Replies(Mutex::new(replies.into_iter().collect())))
    }

    /// Whatever the function says, for every message request, those on the side included (see
    /// [`Request::is_turn`]).
    #[must_use]
    pub fn from_fn(decide: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::of(Kind::Function(Box::new(decide)))
    }

    /// The reply to a request.
    #[must_use]
    pub fn reply_to(&self, request: &Request) -> Reply {
        match &self.kind {
            Kind::Function(decide) => decide(request),
            _ if !request.is_turn() => side_reply(request),
            Kind::Directives => self.follow_directives(request),
            Kind::Replies(replies) => replies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
                .unwrap_or_else(|| Reply::text(CLOSING_WORDS)),
        }
    }

    fn of(kind: Kind) -> Self {
        Self { kind, refused: Mutex::default() }
    }

    fn follow_directives(&self, request: &Request) -> Reply {
        let prompt = request.prompt();
        let called = request.tools_called_since_prompt();
        let position = called.iter().filter(|name| **name != TOOL_SEARCH).count();
        let steps = steps(Directive::all_in(&prompt));
        // Past the end: the client asked once more, as after a hook that sent the agent back to work.
        let Some(step) = steps.get(position) else {
            return Reply::text(CLOSING_WORDS);
        };
        for (index, (status, times)) in step.failures.iter().enumerate() {
            let session = &request.body["metadata"]["user_id"];
            let messages = request.body["messages"].as_array().map_or(0, Vec::len);
            let key = format!("{session} {messages} {position} {index} {prompt}");
            if self.refuse_again(key, *times) {
                return Reply::failure(*status);
            }
        }
        let mut message = Message { blocks: step.blocks.clone(), ..Message::default() };
        if let Some(tool) = &step.tool {
            let (name, input) = tool.call(request);
            let searched = called.last() == Some(&TOOL_SEARCH);
            if !request.offers(&name) && request.offers(TOOL_SEARCH) && !searched {
                return Reply::tool(
                    TOOL_SEARCH,
                    json!({"query": format!("select:{name}"), "max_results": 1}),
                );
            }
            message.blocks.push(Block::Tool { name, input });
        }
        Reply::Message(message)
    }

    fn refuse_again(&self, key: String, times: u32) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far = refused.entry(key).or_default();
        let again = *so_far < times;
        *so_far = so_far.saturating_add(u32::from(again));
        again
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::directives()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match &self.kind {
            Kind::Directives => "Script::directives()",
            Kind::Replies(_) => "Script::replies(…)",
            Kind::Function(_) => "Script::from_fn(…)",
        })
    }
}

/// One reply of a turn: what is said, and the tool at its end.
#[derive(Debug, Default)]
struct Step {
    failures: Vec<(u16, u32)>,
    blocks: Vec<Block>,
    tool: Option<Tool>,
}

/// A tool to call; a subagent's name and inputs depend on what the client offers.
#[derive(Debug)]
enum Tool {
    Named { name: &'static str, input: Value },
    Any { name: String, input: Value },
    Agent { prompt: String },
}

impl Tool {
    fn call(&self, request: &Request) -> (String, Value) {
        match self {
            Self::Named { name, input } => ((*name).to_owned(), input.clone()),
            Self::Any { name, input } => (name.clone(), input.clone()),
            Self::Agent { prompt } => {
                let name = if request.offers("Task") && !request.offers("Agent") { "Task" } else { "Agent" };
                let mut input = json!({
                    "description": "Scripted subagent",
                    "prompt": prompt,
                    "subagent_type": "general-purpose",
                });
                // Newer clients start subagents in the background unless told otherwise.
                if request.tool_takes(name, "run_in_background") {
                    input["run_in_background"] = json!(false);
                }
                (name.to_owned(), input)
            }
        }
    }
}

/// Groups directives into replies: each ends with a tool, the last with a text.
fn steps(directives: Vec<Directive>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = Step::default();
    for directive in directives {
        let tool = match directive {
            Directive::Say(text) => {
                step.blocks.push(text_block(&text));
                None
            }
            Directive::Think(text) => {
                step.blocks.push(Block::Thinking(text));
                None
            }
            Directive::Slow { pieces, pause_milliseconds } => {
                step.blocks.push(Block::Text {
                    pieces: (1..=pieces).map(|piece| format!("word {piece} ")).collect(),
                    pause: Duration::from_millis(pause_milliseconds),
                });
                None
            }
            Directive::Hold(name) => {
                step.blocks.push(Block::Hold(name));
                None
            }
            Directive::Fail { status, times } => {
                step.failures.push((status, times));
                None
            }
            Directive::Write { path, content } => {
                step.blocks.push(text_block("I will write the file."));
                Some(Tool::Named { name: "Write", input: json!({"file_path": path, "content": content}) })
            }
            Directive::Edit { path, old, new } => Some(Tool::Named {
                name: "Edit",
                input: json!({"file_path": path, "old_string": old, "new_string": new, "replace_all": false}),
            }),
            Directive::Read(path) => Some(Tool::Named { name: "Read", input: json!({"file_path": path}) }),
            Directive::Bash(command) => Some(Tool::Named {
                name: "Bash",
                input: json!({"command": command, "description": "Run the scripted command"}),
            }),
            Directive::Ask { question, options } => {
                Some(Tool::Named { name: "AskUserQuestion", input: question_input(&question, &options) })
            }
            Directive::Plan(plan) => Some(Tool::Named { name: "ExitPlanMode", input: json!({"plan": plan}) }),
            Directive::Agent(prompt) => Some(Tool::Agent { prompt }),
            Directive::Tool { name, input } => Some(Tool::Any { name, input }),
        };
        if tool.is_some() {
            step.tool = tool;
            steps.push(std::mem::take(&mut step));
        }
    }
    let says_something = |block: &Block| matches!(block, Block::Text { .. });
    if !step.blocks.iter().any(says_something) {
        step.blocks.push(text_block(CLOSING_WORDS));
    }
    steps.push(step);
    steps
}

fn text_block(text: &str) -> Block {
    Block::Text { pieces: text.split_inclusive(' ').map(str::to_owned).collect(), pause: Duration::ZERO }
}

fn question_input(question: &str, options: &[String]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|option| json!({"label": option, "description": format!("Choose {option}")}))
        .collect();
    json!({"questions": [{
        "question": question,
        "header": "Question",
        "multiSelect": false,
        "options": options,
    }]})
}

/// An answer to a call on the side: what the asked-for schema needs, else a short text.
fn side_reply(request: &Request) -> Reply {
    let words: String = request.prompt().split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    let format =
        [&request.body["output_config"]["format"]["schema"], &request.body["output_format"]["schema"]];
    match format.into_iter().find(|schema| schema.is_object()) {
        Some(schema) => Reply::text(fill(schema, &words).to_string()),
        None => Reply::text(words),
    }
}

/// A value that fits a JSON schema, as far as the client's small calls use one.
fn fill(schema: &Value, words: &str) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => json!(words),
        Some("boolean") => json!(false),
        Some("number" | "integer") => json!(0),
        Some("array") => json!([]),
        Some("object") => schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), fill(schema, words)))
            .collect::<Map<_, _>>()
            .into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: Value, tools: &[&str]) -> Request {
        let tools: Vec<Value> = tools.iter().map(|name| json!({"name": name})).collect();
        Request {
            method: "POST".into(),
            path: "/v1/messages".into(),
            body: json!({"messages": messages, "tools": tools, "model": "claude-opus-4-8", "stream": true}),
        }
    }

    fn turn(prompt: &str, called: &[&str]) -> Request {
        let mut messages = vec![json!({"role": "user", "content": prompt})];
        for name in called {
            messages.push(json!({"role": "assistant", "content": [{"type": "tool_use", "name": name}]}));
            messages.push(json!({"role": "user", "content": [{"type": "tool_result", "content": "x"}]}));
        }
        request(json!(messages), &["Write", "Bash", "Agent", "ToolSearch"])
    }

    #[test]
    fn one_tool_a_reply_then_a_text() {
        let script = Script::directives();
        let prompt = "Add it [[write a.rs x]] [[think hm]] [[bash ls]]";
        assert_eq!(
            script.reply_to(&turn(prompt, &[])),
            Reply::text("I will write the file.")
                .and_tool("Write", json!({"file_path": "a.rs", "content": "x"}))
        );
        let bash = json!({"command": "ls", "description": "Run the scripted command"});
        assert_eq!(
            script.reply_to(&turn(prompt, &["Write"])),
            Reply::new().and_thinking("hm").and_tool("Bash", bash)
        );
        assert_eq!(script.reply_to(&turn(prompt, &["Write", "Bash"])), Reply::text(CLOSING_WORDS));
        assert_eq!(script.reply_to(&turn(prompt, &["Write", "Bash", "Bash"])), Reply::text(CLOSING_WORDS));
    }

    #[test]
    fn a_last_word_of_its_own_replaces_the_closing_words() {
        let script = Script::directives();
        assert_eq!(script.reply_to(&turn("[[say All good.]]", &[])), Reply::text("All good."));
    }

    #[test]
    fn failures_count_down_and_then_the_turn_goes_on() {
        let script = Script::directives();
        let request = turn("[[fail 529 2]] [[fail 429]] [[say up again]]", &[]);
        let statuses: Vec<Reply> = (0..5).map(|_| script.reply_to(&request)).collect();
        assert_eq!(
            statuses,
            [
                Reply::failure(529),
                Reply::failure(529),
                Reply::failure(429),
                Reply::text("up again"),
                Reply::text("up again"),
            ]
        );
    }

    #[test]
    fn a_tool_that_is_not_loaded_is_searched_for_once() {
        let script = Script::directives();
        let prompt = "[[ask Which? | Red | Blue]]";
        let search = json!({"query": "select:AskUserQuestion", "max_results": 1});
        assert_eq!(script.reply_to(&turn(prompt, &[])), Reply::tool("ToolSearch", search));
        let Reply::Message(message) = script.reply_to(&turn(prompt, &["ToolSearch"])) else {
            panic!("a message was expected");
        };
        let [Block::Tool { name, input }] = message.blocks.as_slice() else {
            panic!("one tool was expected: {message:?}");
        };
        assert_eq!(name, "AskUserQuestion");
        assert_eq!(input["questions"][0]["options"][1]["label"], "Blue");
    }

    #[test]
    fn a_subagent_goes_by_the_name_on_offer() {
        let script = Script::directives();
        let messages = json!([{"role": "user", "content": "[[agent List {{bash ls}}]]"}]);
        for tool in ["Agent", "Task"] {
            let Reply::Message(message) = script.reply_to(&request(messages.clone(), &[tool])) else {
                panic!("a message was expected");
            };
            let [Block::Tool { name, input }] = message.blocks.as_slice() else {
                panic!("one tool was expected: {message:?}");
            };
            assert_eq!((name.as_str(), &input["prompt"]), (tool, &json!("List {{bash ls}}")));
        }
    }

    #[test]
    fn listed_replies_are_for_turns_only() {
        let script = Script::replies([Reply::text("one"), Reply::text("two")]);
        let side = request(json!([{"role": "user", "content": "name this"}]), &[]);
        assert_eq!(script.reply_to(&turn("a", &[])), Reply::text("one"));
        assert_eq!(script.reply_to(&side), Reply::text("name this"));
        assert_eq!(script.reply_to(&turn("b", &[])), Reply::text("two"));
        assert_eq!(script.reply_to(&turn("c", &[])), Reply::text(CLOSING_WORDS));
    }

    #[test]
    fn a_function_decides_everything() {
        let script = Script::from_fn(|request| Reply::text(format!("You said {}", request.prompt())));
        assert_eq!(script.reply_to(&turn("a", &[])), Reply::text("You said a"));
    }

    #[test]
    fn a_call_on_the_side_gets_what_its_schema_asks() {
        let mut side = request(json!([{"role": "user", "content": "Fix the login page"}]), &[]);
        side.body["output_config"] = json!({"format": {"type": "json_schema", "schema": {
            "type": "object",
            "properties": {"title": {"type": "string"}, "sure": {"type": "boolean"}},
        }}});
        assert_eq!(
            Script::directives().reply_to(&side),
            Reply::text(r#"{"sure":false,"title":"Fix the login page"}"#)
        );
    }
}
