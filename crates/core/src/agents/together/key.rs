//! The key that a runner gives its agent's client, so that the server of its tools knows whom it serves.
//!
//! It lies in a file that only the owner can read, never in an argument or a variable. It is another each time the client
//! is started; what is kept beside it to know it by is a hash, and a key of an earlier client is none any more.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use orchestra_model::AgentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    agents::{AgentFolder, Agents, FolderError, client::Client},
    files::write_whole,
};

/// The files in the agent's folder: the key, what it is known by, and what the client is told of the server.
const KEY: &str = "tools.key";
const HASH: &str = "tools.hash";
const TOLD: &str = "tools.json";
/// The largest file that is read as a key, in bytes.
const LARGEST: u64 = 4 << 10;

/// Says which agent somebody is, and proves it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    agent: AgentId,
    token: String,
}

/// Says whose it is and keeps the rest.
impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Key").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// Why somebody is not taken for an agent.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{path} cannot be read as a key: {error}; Orchestra writes one for each agent that it starts")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
    /// It is not, or no more, the key of that agent.
    #[error(
        "this is not the key of {agent}, or it was started again since; only its own client can use its tools"
    )]
    Wrong {
        /// Whose it says it is.
        agent: AgentId,
    },
    /// There is no such agent.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl Key {
    /// The key in a file.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        let read = || {
            let size = fs::metadata(file)?.len();
            if size > LARGEST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large"));
            }
            Ok(serde_json::from_slice(&fs::read(file)?)?)
        };
        read().map_err(|error| KeyError::Unreadable { path: file.to_owned(), error })
    }

    /// Whose it is.
    pub const fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// The agent's folder, when it is the key of that agent's client.
    ///
    /// # Errors
    /// When it is not.
    pub fn open(&self, agents: &Agents) -> Result<AgentFolder, KeyError> {
        let folder = agents.open(&self.agent)?;
        let known = fs::read_to_string(folder.path().join(HASH)).unwrap_or_default();
        // Hashes of what cannot be guessed: that comparing them takes longer when more is alike tells nothing.
        if known.is_empty() || known != hash(&self.token) {
            return Err(KeyError::Wrong { agent: self.agent.clone() });
        }
        Ok(folder)
    }
}

fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a new key for an agent's client; answers the file that tells the client how the server of its tools is started:
/// a program with arguments, after which the key's file comes.
pub(in crate::agents) fn give_tools(
    folder: &AgentFolder,
    client: &dyn Client,
    program: &Path,
    arguments: &[OsString],
) -> io::Result<PathBuf> {
    let agent = folder.id().ok_or(io::ErrorKind::InvalidInput)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = folder.path().join(KEY);
    write_whole(&folder.path().join(HASH), hash(&token).as_bytes(), false)?;
    write_whole(&key, &serde_json::to_vec(&Key { agent, token })?, false)?;
    let arguments: Vec<OsString> = arguments.iter().cloned().chain([key.into_os_string()]).collect();
    let told = folder.path().join(TOLD);
    write_whole(&told, &client.tools(program, &arguments), false)?;
    Ok(told)
}
