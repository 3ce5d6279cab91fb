//! What is downloaded from a session: its pictures, and the whole of it as a file.
//!
//! Both come out of a transcript, so nothing in them is trusted: a picture is one only if its bytes say so, and either
//! is served where no script runs.

use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream::{StreamExt, unfold};
use orchestra_app::ssr::AppContext;
use orchestra_core::export::{ExportFormat, export};
use orchestra_core::transcript::Transcript;
use orchestra_model::{ImageRef, Session, SessionId, Timestamp};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::security::headers::FOREIGN;

/// How much of an export is handed over at once, and how many such pieces wait for a slow reader.
const PIECE: usize = 64 * 1024;
const PIECES_WAITING: usize = 4;

/// Which of a session's transcripts: its own, or a subagent's.
#[derive(Debug, Deserialize)]
pub(crate) struct Whose {
    agent: Option<String>,
}

/// `GET /sessions/{id}/images/{line_offset}/{index}[?agent=…]`.
pub(crate) async fn image(
    State(context): State<AppContext>,
    Path((id, line_offset, index)): Path<(String, u64, u32)>,
    Query(whose): Query<Whose>,
) -> Response {
    // The media type that the transcript claims is not asked for: the bytes say what they are.
    let reference = ImageRef { media_type: String::new(), line_offset, index };
    let found = tokio::task::spawn_blocking(move || {
        let (_, path) = transcript_of(&context, &id)?;
        let agent = whose.agent.map(|agent| agent.parse::<SessionId>()).transpose().ok()?;
        let agent = agent.as_ref().map(SessionId::as_str);
        context
            .transcripts
            .read(&path, agent, |transcript| transcript.image(&reference))
            .inspect_err(|problem| tracing::debug!(%problem, "cannot read a picture"))
            .ok()
    })
    .await;
    let Ok(Some(bytes)) = found else { return not_found("There is no such picture.") };
    let Some(kind) = picture_kind(&bytes) else {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is no picture that is safe to show.")
            .into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, FOREIGN),
        // A transcript only grows: what stands at an offset stays.
        (CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400")),
    ];
    (headers, bytes).into_response()
}

/// `GET /sessions/{id}/export.…`, as a file to keep.
pub(crate) async fn export_as(context: AppContext, id: String, format: ExportFormat) -> Response {
    let found = tokio::task::spawn_blocking(move || {
        let (session, path) = transcript_of(&context, &id)?;
        // One of its own: a slow reader must not keep others waiting.
        let transcript = Transcript::open(&path)
            .inspect_err(|problem| tracing::debug!(%problem, "cannot read a transcript"))
            .ok()?;
        Some((session, transcript))
    })
    .await;
    let Ok(Some((session, transcript))) = found else {
        return not_found("There is no such session, or its transcript is gone.");
    };
    let name = format!("attachment; filename=\"{}.{}\"", file_name(&session), format.extension());
    let Ok(name) = HeaderValue::from_str(&name) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (CONTENT_DISPOSITION, name),
        (CONTENT_SECURITY_POLICY, FOREIGN),
    ];
    (headers, written_by(move |out| write_export(&session, &transcript, format, out))).into_response()
}

fn not_found(words: &'static str) -> Response {
    (StatusCode::NOT_FOUND, words).into_response()
}

/// A session and its transcript, by the session's whole id.
fn transcript_of(context: &AppContext, id: &str) -> Option<(Session, PathBuf)> {
    let session = context.catalog.get(&id.parse().ok()?, Timestamp::now())?;
    let path = FilePath::new(session.path.as_deref()?).to_owned();
    Some((session, path))
}

fn write_export(
    session: &Session,
    transcript: &Transcript,
    format: ExportFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut failure = None;
    let turns = transcript.turns().map_while(|turn| turn.map_err(|problem| failure = Some(problem)).ok());
    export(session, turns, format, out)?;
    match failure {
        None => out.flush(),
        // The file must not look whole.
        Some(problem) => Err(io::Error::other(problem)),
    }
}

/// A body that is written, on a thread of its own, as fast as it is read.
fn written_by(write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut out = io::BufWriter::with_capacity(PIECE, Pieces { sender: sender.clone() });
        if let Err(problem) = write(&mut out).and_then(|()| out.flush())
            && problem.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%problem, "an export was broken off");
            // A reader who is gone misses nothing.
            let _ = sender.blocking_send(Err(problem));
        }
    });
    let pieces = unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    // Compression asks once more after the end.
    Body::from_stream(pieces.fuse())
}

struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.sender.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The type of a picture by its first bytes, of those that hold nothing but a picture.
fn picture_kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A name for an export, of letters, digits and `-` only.
fn file_name(session: &Session) -> String {
    let project: String = session
        .project
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .take(40)
        .collect();
    format!("{}-{}", project.trim_matches('-'), session.id.short()).trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        assert_eq!(picture_kind(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(picture_kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(picture_kind(b"GIF89a"), Some("image/gif"));
        assert_eq!(picture_kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for bad in [&b"<svg xmlns='http://www.w3.org/2000/svg'>"[..], b"<html>", b"", b"GIF8", b"%PDF-1.7"] {
            assert_eq!(picture_kind(bad), None);
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_not_look_whole() {
        let whole = written_by(|out| out.write_all(&[b'x'; 300_000]));
        assert_eq!(axum::body::to_bytes(whole, usize::MAX).await.unwrap().len(), 300_000);
        let broken = written_by(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("the disk is gone"))
        });
        assert!(axum::body::to_bytes(broken, usize::MAX).await.is_err());
    }
}
