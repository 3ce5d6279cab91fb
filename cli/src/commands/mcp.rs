//! `orchestra mcp`: the tools that an agent talks to others with, over MCP on standard input and output.
//!
//! Started by the agent's client. What the tools do, and what they may, is the engine's; here they have their names and
//! inputs. Whatever happens, a call is answered: with what it found, or with words that say what to do instead.

mod lines;
mod tools;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use orchestra_core::agents::{Key, Member, TogetherError, Tools};
use rmcp::{ServiceExt, transport::io::stdio_pipes};

use super::{Context, agent};
use crate::{cli::McpArguments, error::Failure};
use lines::Lines;
use tools::AgentTools;

/// How many calls are worked on at once; a client rarely makes more than a few.
const AT_ONCE: usize = 16;

/// The longest that a call waits for others: short of the five minutes for which the model's provider keeps what was read.
const LONGEST_WAIT: Duration = Duration::from_secs(240);
/// How much earlier than its client gives up a call is answered, at most.
const MARGIN: Duration = Duration::from_secs(5);
/// How long calls that wait for others may take to note that they do not any more, once the client has gone.
const LAST_NOTES: Duration = Duration::from_secs(3);

/// Serves until the client closes its end.
pub(super) fn run(context: &Context, arguments: &McpArguments) -> Result<(), Failure> {
    // Whose key it is says where the agents are: the client hands on only some of its surroundings.
    let state = arguments.key.ancestors().nth(3).unwrap_or_else(|| Path::new("/")).to_owned();
    let tools = Tools { state, ..agent::tools_as_they_are(context)? };
    let key = Key::read(&arguments.key).map_err(TogetherError::from);
    let member = key.and_then(|key| Member::new(tools, key)).map_err(|error| {
        Failure::new(error.to_string()).hint("agents have this started by themselves: orchestra help mcp")
    })?;
    let is_closed = Arc::new(AtomicBool::new(false));
    let longest = longest_wait(context.surroundings.mcp_tool_timeout);
    let tools = AgentTools::new(member, longest, is_closed.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(AT_ONCE)
        .build()
        .map_err(|error| Failure::new(format!("nothing can be served: {error}")))?;
    let served = runtime.block_on(async {
        let lines = Lines::new(stdio_pipes(), is_closed);
        let service = tools.serve(lines).await.map_err(|error| error.to_string())?;
        service.waiting().await.map(drop).map_err(|error| error.to_string())
    });
    runtime.shutdown_timeout(LAST_NOTES);
    served.map_err(|error| Failure::new(format!("the client could not be served: {error}")))
}

/// How long a call may wait for others: its client gives up on one that takes longer than it allows. Of little, only a
/// third is kept back: whoever waits for nothing asks again and again.
fn longest_wait(allowed: Option<Duration>) -> Duration {
    let within = |allowed: Duration| allowed.saturating_sub(MARGIN.min(allowed / 3)).min(LONGEST_WAIT);
    allowed.map_or(LONGEST_WAIT, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_before_its_client_gives_up() {
        assert_eq!(longest_wait(None), LONGEST_WAIT);
        assert_eq!(longest_wait(Some(Duration::from_secs(30))), Duration::from_secs(25));
        assert_eq!(longest_wait(Some(Duration::from_secs(3))), Duration::from_secs(2));
        assert_eq!(longest_wait(Some(Duration::ZERO)), Duration::ZERO);
        assert_eq!(longest_wait(Some(Duration::from_secs(100_000))), LONGEST_WAIT);
    }
}
