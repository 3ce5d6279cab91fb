//! Turns a reply into what the API would send: server-sent events, or one JSON body.
//!
//! Pure: identifiers come from the caller, and pauses and holds are frames of their own that the server acts on.

use crate::{Block, Failure, Message, Usage};
use serde_json::{Value, json};
use std::time::Duration;

/// How many characters of a tool's input travel in one delta.
const INPUT_DELTA_CHARACTERS: usize = 64;

/// One thing to do while answering.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// Send an event; its name is the value's `type`.
    Event(Value),
    /// Wait.
    Pause(Duration),
    /// Wait until this name is released.
    Hold(String),
}

/// Makes the identifiers of one message: `make("msg")` gives `msg_…`.
pub(crate) type MakeId<'a> = &'a mut dyn FnMut(&str) -> String;

/// The frames of a streamed message, from `message_start` to `message_stop`.
pub(crate) fn frames(message: &Message, model: &str, make_id: MakeId<'_>) -> Vec<Frame> {
    let mut frames = vec![Frame::Event(json!({
        "type": "message_start",
        "message": {
            "id": make_id("msg"),
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": usage(message.usage, 1),
        },
    }))];
    let mut index = 0;
    for block in &message.blocks {
        let (start, deltas, pause) = match block {
            Block::Hold(name) => {
                frames.push(Frame::Hold(name.clone()));
                continue;
            }
            Block::Text { pieces, pause } => (
                json!({"type": "text", "text": ""}),
                pieces.iter().map(|text| json!({"type": "text_delta", "text": text})).collect(),
                *pause,
            ),
            Block::Thinking(text) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![
                    json!({"type": "thinking_delta", "thinking": text}),
                    json!({"type": "signature_delta", "signature": make_id("sig")}),
                ],
                Duration::ZERO,
            ),
            Block::Tool { name, input } => (
                json!({"type": "tool_use", "id": make_id("toolu"), "name": name, "input": {}}),
                pieces_of(&input.to_string())
                    .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
                    .collect(),
                Duration::ZERO,
            ),
        };
        frames.push(Frame::Event(
            json!({"type": "content_block_start", "index": index, "content_block": start}),
        ));
        for delta in deltas {
            if !pause.is_zero() {
                frames.push(Frame::Pause(pause));
            }
            frames.push(Frame::Event(json!({"type": "content_block_delta", "index": index, "delta": delta})));
        }
        frames.push(Frame::Event(json!({"type": "content_block_stop", "index": index})));
        index += 1;
    }
    frames.push(Frame::Event(json!({
        "type": "message_delta",
        "delta": {"stop_reason": message.stop_reason(), "stop_sequence": null},
        "usage": usage(message.usage, message.usage.output),
    })));
    frames.push(Frame::Event(json!({"type": "message_stop"})));
    frames
}

/// The same message as one body. Pauses and holds are left out.
pub(crate) fn body(message: &Message, model: &str, make_id: MakeId<'_>) -> Value {
    let content: Vec<Value> = message
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text { pieces, .. } => Some(json!({"type": "text", "text": pieces.concat()})),
            Block::Thinking(text) => {
                Some(json!({"type": "thinking", "thinking": text, "signature": make_id("sig")}))
            }
            Block::Tool { name, input } => {
                Some(json!({"type": "tool_use", "id": make_id("toolu"), "name": name, "input": input}))
            }
            Block::Hold(_) => None,
        })
        .collect();
    json!({
        "id": make_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": message.stop_reason(),
        "stop_sequence": null,
        "usage": usage(message.usage, message.usage.output),
    })
}

/// The body of a refusal.
pub(crate) fn error_body(failure: &Failure) -> Value {
    let kind = match failure.status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": failure.message}})
}

fn usage(usage: Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": output,
    })
}

fn pieces_of(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> =
        characters.chunks(INPUT_DELTA_CHARACTERS).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;

    fn message(reply: Reply) -> Message {
        match reply {
            Reply::Message(message) => message,
            Reply::Failure(failure) => panic!("a message was expected: {failure:?}"),
        }
    }

    fn stream(reply: Reply) -> Vec<Frame> {
        let mut count = 0;
        let mut make_id = |prefix: &str| {
            count += 1;
            format!("{prefix}_{count}")
        };
        frames(&message(reply), "claude-opus-4-8", &mut make_id)
    }

    fn events(frames: &[Frame]) -> Vec<&Value> {
        frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Event(value) => Some(value),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_message_opens_and_closes_each_block_in_order() {
        let reply = Reply::new()
            .and_thinking("hm")
            .and_text("I will look.")
            .and_tool("Bash", json!({"command": "ls"}));
        let frames = stream(reply);
        let shape: Vec<String> = events(&frames)
            .into_iter()
            .map(|event| {
                let detail = &event["delta"]["type"];
                let start = &event["content_block"]["type"];
                let name = detail.as_str().or(start.as_str()).unwrap_or("");
                format!("{} {} {name}", event["type"].as_str().unwrap(), event["index"])
            })
            .collect();
        assert_eq!(
            shape,
            [
                "message_start null ",
                "content_block_start 0 thinking",
                "content_block_delta 0 thinking_delta",
                "content_block_delta 0 signature_delta",
                "content_block_stop 0 ",
                "content_block_start 1 text",
                "content_block_delta 1 text_delta",
                "content_block_delta 1 text_delta",
                "content_block_delta 1 text_delta",
                "content_block_stop 1 ",
                "content_block_start 2 tool_use",
                "content_block_delta 2 input_json_delta",
                "content_block_stop 2 ",
                "message_delta null ",
                "message_stop null ",
            ]
        );
    }

    #[test]
    fn the_end_tells_the_reason_and_the_usage() {
        let usage = Usage { input: 1, cache_write: 2, cache_read: 3, output: 4 };
        for (reply, reason) in [(Reply::text("x"), "end_turn"), (Reply::tool("Bash", json!({})), "tool_use")]
        {
            let frames = stream(reply.with_usage(usage));
            let events = events(&frames);
            let end = events[events.len() - 2];
            assert_eq!(end["delta"]["stop_reason"], reason);
            assert_eq!(end["usage"]["output_tokens"], 4);
            assert_eq!(events[0]["message"]["usage"]["cache_read_input_tokens"], 3);
        }
    }

    #[test]
    fn a_tools_input_is_whole_once_its_pieces_are_joined() {
        let input = json!({"content": "Zoë 🎼 ".repeat(100)});
        let frames = stream(Reply::tool("Write", input.clone()));
        let joined: String =
            events(&frames).iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), input);
    }

    #[test]
    fn pauses_and_holds_stand_between_events() {
        let pause = Duration::from_millis(5);
        let reply =
            Reply::new().and_hold("gate").and(Block::Text { pieces: vec!["a".into(), "b".into()], pause });
        let waits: Vec<Frame> =
            stream(reply).into_iter().filter(|frame| !matches!(frame, Frame::Event(_))).collect();
        assert_eq!(waits, [Frame::Hold("gate".into()), Frame::Pause(pause), Frame::Pause(pause)]);
    }

    #[test]
    fn one_body_holds_the_same_content() {
        let reply = Reply::text("two words").and_tool("Bash", json!({"command": "ls"}));
        let mut make_id = |prefix: &str| format!("{prefix}_1");
        let body = body(&message(reply), "m", &mut make_id);
        assert_eq!(
            body["content"],
            json!([
                {"type": "text", "text": "two words"},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
            ])
        );
        assert_eq!(body["stop_reason"], "tool_use");
    }
}
