//! The client's tools as its lines show them: what each is asked for, and what it answers.
//!
//! Nothing is done here: the history makes answers up, the scripted client does the work and tells what came of it.

use serde_json::{Value, json};

use crate::piece::{Change, parts};

/// What a tool answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// What the model is told.
    pub(crate) content: Value,
    /// Whether it failed.
    pub(crate) is_error: bool,
    /// What the client notes beside it.
    pub(crate) noted: Value,
}

impl Answer {
    fn good(content: impl Into<Value>, noted: Value) -> Self {
        Self { content: content.into(), is_error: false, noted }
    }

    /// It failed, for this reason.
    pub(crate) fn bad(words: &str) -> Self {
        Self { content: json!(words), is_error: true, noted: json!(format!("Error: {words}")) }
    }

    /// A person did not let it.
    pub(crate) fn refused(reason: &str) -> Self {
        let mut words =
            "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it \
                         was a file edit, the new_string was NOT written to the file)."
                .to_owned();
        if !reason.is_empty() {
            words.push_str(" To tell you how to proceed, the user said:\n");
            words.push_str(reason);
        }
        Self { content: json!(words), is_error: true, noted: json!("User rejected tool use") }
    }
}

/// A file to be read.
pub(crate) fn read(path: &str) -> Value {
    json!({ "file_path": path })
}

/// What stands in a file, from a line on.
pub(crate) fn has_read(path: &str, text: &str, first: usize) -> Answer {
    let numbered: Vec<String> =
        text.lines().zip(first..).map(|(line, number)| format!("{number:>6}\t{line}")).collect();
    let lines = numbered.len();
    let noted = json!({
        "type": "text",
        "file": { "filePath": path, "content": text, "numLines": lines, "startLine": first, "totalLines": first + lines - 1 },
    });
    Answer::good(numbered.join("\n"), noted)
}

/// A command to be run.
pub(crate) fn run(command: &str) -> Value {
    json!({ "command": command })
}

/// How a command ended, with what it printed.
pub(crate) fn has_run(output: &str, code: i32) -> Answer {
    if code != 0 {
        return Answer::bad(&format!("Exit code {code}\n{output}"));
    }
    let noted = json!({ "stdout": output, "stderr": "", "interrupted": false, "isImage": false });
    Answer::good(output, noted)
}

/// A change to be made.
pub(crate) fn edit(path: &str, change: &Change) -> Value {
    json!({ "file_path": path, "old_string": change.old, "new_string": change.new, "replace_all": false })
}

/// A change that was made, and the line on which it stands.
pub(crate) fn has_edited(path: &str, change: &Change, line: usize) -> Answer {
    let noted = json!({
        "filePath": path, "oldString": change.old, "newString": change.new, "originalFile": null,
        "structuredPatch": change.patch(line), "userModified": false, "replaceAll": false,
    });
    Answer::good(format!("The file {path} has been updated successfully."), noted)
}

/// A file to be written.
pub(crate) fn write(path: &str, content: &str) -> Value {
    json!({ "file_path": path, "content": content })
}

/// A file that was written.
pub(crate) fn has_written(path: &str, content: &str) -> Answer {
    let noted = json!({
        "type": "create", "filePath": path, "content": content, "structuredPatch": [], "originalFile": null,
        "userModified": false,
    });
    Answer::good(format!("File created successfully at: {path}"), noted)
}

/// A question with its choices: `HEADER | QUESTION`, and a choice a line. One that begins with a star was taken.
pub(crate) fn question(about: &str, choices: &str) -> (Value, String) {
    let about = parts(about);
    let (header, question) = match about.as_slice() {
        [header, question, ..] => (*header, *question),
        _ => ("", about.first().copied().unwrap_or_default()),
    };
    let mut taken = "";
    let options: Vec<Value> = choices
        .lines()
        .map(|line| {
            let (label, description) = line.split_once(": ").unwrap_or((line, ""));
            let plain = label.trim_start_matches(['*', '-', ' ']);
            if label.starts_with('*') || taken.is_empty() {
                taken = plain;
            }
            json!({ "label": plain, "description": description })
        })
        .collect();
    let question =
        json!({ "question": question, "header": header, "options": options, "multiSelect": false });
    (json!({ "questions": [question] }), taken.to_owned())
}

/// A question that was answered: as it was asked, and by the text of each question.
pub(crate) fn has_answered(input: &Value, answers: &Value) -> Answer {
    let said: Vec<String> = answers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(question, answer)| format!("\"{question}\"=\"{}\"", answer.as_str().unwrap_or_default()))
        .collect();
    let words = format!(
        "User has answered your questions: {}. You can now continue with the user's answers in mind.",
        said.join(", ")
    );
    Answer::good(words, json!({ "questions": input["questions"], "answers": answers }))
}

/// A plan to be approved.
pub(crate) fn plan(plan: &str) -> Value {
    json!({ "plan": plan })
}

/// A plan that was approved.
pub(crate) fn has_approved(plan: &str) -> Answer {
    let words = "User has approved your plan. You can now start coding.";
    Answer::good(words, json!({ "plan": plan, "isAgent": false }))
}

/// A subagent's task: `TYPE | DESCRIPTION | PROMPT`.
pub(crate) fn task(about: &str) -> Value {
    let about = parts(about);
    let part = |at: usize| about.get(at).copied().unwrap_or_default();
    json!({ "subagent_type": part(0), "description": part(1), "prompt": part(2) })
}

/// What a subagent answered.
pub(crate) fn has_done_task(input: &Value, agent: &str, answer: &str) -> Answer {
    let content = json!([{ "type": "text", "text": answer }]);
    let noted = json!({
        "status": "completed", "prompt": input["prompt"], "agentId": agent, "agentType": input["subagent_type"],
        "content": content, "totalDurationMs": 41_300, "totalTokens": 23_870, "totalToolUseCount": 1,
    });
    Answer { content, is_error: false, noted }
}

/// What one of Orchestra's tools answered, as its server says it.
pub(crate) fn has_called(answer: &Value) -> Answer {
    let result = &answer["result"];
    let content = result["content"].clone();
    Answer { noted: content.clone(), content, is_error: result["isError"] == true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_with_a_star_was_taken_else_the_first() {
        let (input, taken) = question("Store | Where to?", "- Redis: fast\n* Postgres: there already");
        assert_eq!(taken, "Postgres");
        assert_eq!(input["questions"][0]["options"][0], json!({ "label": "Redis", "description": "fast" }));
        assert_eq!(question("Which?", "A: a\nB: b").1, "A");
    }
}
