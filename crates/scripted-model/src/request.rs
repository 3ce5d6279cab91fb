//! What a client asked, and the questions that a script puts to it.
//!
//! The body is kept as it came: unknown fields are nobody's error.

use serde_json::Value;

/// What the client writes by itself, as plain text in the user's name.
const NOTICES: [&str; 2] = ["[Request interrupted", "Tool loaded."];

/// One request that reached the scripted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The JSON body; null when there was none.
    pub body: Value,
}

impl Request {
    /// Whether this is a step of an agent's turn: a message request that offers tools. The client's small calls on
    /// the side (titles, summaries) offer none.
    #[must_use]
    pub fn is_turn(&self) -> bool {
        self.is_message() && !self.tool_names().is_empty()
    }

    /// Whether this asks for a message at all, rather than for a token count or a list of models.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.method == "POST" && self.path == "/v1/messages"
    }

    /// Whether the answer is to be a stream of events.
    #[must_use]
    pub fn wants_stream(&self) -> bool {
        self.body["stream"].as_bool() == Some(true)
    }

    /// The model that the client asked for.
    #[must_use]
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or("scripted")
    }

    /// The names of the tools on offer.
    #[must_use]
    pub fn tool_names(&self) -> Vec<&str> {
        self.tools().filter_map(|t| t["name"].as_str()).collect()
    }

    /// Whether a tool of this name is on offer.
    #[must_use]
    pub fn offers(&self, tool: &str) -> bool {
        self.tool_names().contains(&tool)
    }

    /// Whether a tool on offer takes an input of this name.
    #[must_use]
    pub fn tool_takes(&self, tool: &str, input: &str) -> bool {
        self.tools()
            .filter(|t| t["name"] == tool)
            .any(|t| t["input_schema"]["properties"].get(input).is_some())
    }

    /// The last thing that a person, or a parent agent, wrote; empty when there is none.
    ///
    /// Tool results and what the client adds by itself (reminders, notices of an interruption) are no prompts.
    #[must_use]
    pub fn prompt(&self) -> String {
        self.last_prompt().map(|(_, text)| text).unwrap_or_default()
    }

    /// The names of the tools called since that prompt, in order.
    #[must_use]
    pub fn tools_called_since_prompt(&self) -> Vec<&str> {
        let start = self.last_prompt().map_or(0, |(index, _)| index + 1);
        self.messages()
            .iter()
            .skip(start)
            .filter(|message| message["role"] == "assistant")
            .flat_map(|message| message["content"].as_array().into_iter().flatten())
            .filter(|block| block["type"] == "tool_use")
            .filter_map(|block| block["name"].as_str())
            .collect()
    }

    /// A rough count of the tokens in the request: four bytes of JSON each.
    #[must_use]
    pub fn approximate_tokens(&self) -> usize {
        self.body.to_string().len() / 4
    }

    fn tools(&self) -> impl Iterator<Item = &Value> {
        self.body["tools"].as_array().into_iter().flatten()
    }

    fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    fn last_prompt(&self) -> Option<(usize, String)> {
        self.messages()
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, message)| message["role"] == "user")
            .find_map(|(index, message)| Some((index, prompt_of(&message["content"])?)))
    }
}

/// The person's words in one user message, if it has any.
fn prompt_of(content: &Value) -> Option<String> {
    let texts: Vec<&str> = match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => {
            // After an interruption the next prompt travels in the same message as the last result: what follows
            // the results counts.
            let after_results = blocks
                .iter()
                .rposition(|block| block["type"] == "tool_result")
                .map_or(0, |position| position + 1);
            blocks[after_results..].iter().filter_map(|block| block["text"].as_str()).collect()
        }
        _ => return None,
    };
    let words: Vec<String> = texts
        .into_iter()
        .map(without_reminders)
        .filter(|text| !text.is_empty() && !NOTICES.iter().any(|notice| text.starts_with(notice)))
        .collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

fn without_reminders(text: &str) -> String {
    const OPENING: &str = "<system-reminder>";
    const CLOSING: &str = "</system-reminder>";
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPENING) {
        kept.push_str(before);
        rest = after.split_once(CLOSING).map_or("", |(_, rest)| rest);
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(messages: Value) -> Request {
        Request { method: "POST".into(), path: "/v1/messages".into(), body: json!({"messages": messages}) }
    }

    #[test]
    fn the_prompt_is_what_a_person_wrote_last() {
        let request = request(json!([
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Read", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]},
            {"role": "user", "content": [
                {"type": "text", "text": "<system-reminder>\nbe kind\n</system-reminder>\n"},
                {"type": "text", "text": "second\n"}]},
            {"role": "system", "content": "Available agent types [[bash rm]]"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "b", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "b", "content": "y"},
                {"type": "text", "text": "<system-reminder>more</system-reminder>"}]},
        ]));
        assert_eq!(request.prompt(), "second");
        assert_eq!(request.tools_called_since_prompt(), ["Bash"]);
    }

    #[test]
    fn a_prompt_after_an_interruption_counts() {
        let request = request(json!([
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "Read", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "x"},
                {"type": "text", "text": "[Request interrupted by user for tool use]"},
                {"type": "text", "text": "next"}]},
        ]));
        assert_eq!(request.prompt(), "next");
        assert!(request.tools_called_since_prompt().is_empty());
    }

    #[test]
    fn the_clients_own_words_are_no_prompt() {
        let request = request(json!([
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "ToolSearch", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": []},
                {"type": "text", "text": "Tool loaded."}]},
        ]));
        assert_eq!(request.prompt(), "first");
        assert_eq!(request.tools_called_since_prompt(), ["ToolSearch"]);
    }

    #[test]
    fn odd_bodies_are_no_error() {
        for body in
            [json!(null), json!([]), json!({"messages": 3}), json!({"messages": [1, {"role": "user"}]})]
        {
            let request = Request { method: "POST".into(), path: "/v1/messages".into(), body };
            assert_eq!(request.prompt(), "");
            assert!(!request.is_turn());
        }
    }
}
