//! The form that starts agents: tasks, where, and how.

use leptos::prelude::*;
use orchestra_model::Session;

use super::command;
use crate::{drawn::parts, text};

/// A repository that agents can be started in.
pub(crate) struct Spot {
    /// Its folder.
    pub(crate) folder: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether a person trusts what it brings along.
    pub(crate) is_trusted: bool,
}

/// What the form opens with.
pub(crate) struct Opening<'a> {
    /// Where agents can be started, the likeliest first.
    pub(crate) spots: &'a [Spot],
    /// The folder that is asked for.
    pub(crate) folder: Option<&'a str>,
    /// A text that was shared to it.
    pub(crate) text: Option<&'a str>,
    /// The session that it goes on with.
    pub(crate) session: Option<&'a Session>,
    /// Whether the client is installed here.
    pub(crate) has_client: bool,
}

/// Draws the form.
pub(crate) fn draw(opening: &Opening<'_>) -> String {
    let session = opening.session.map(going_on);
    let wish = match opening.session {
        Some(session) => command("spawn", &[("session", session.id.as_str())]),
        None => command("spawn", &[]),
    };
    let draft = opening.session.map_or("new".to_owned(), |session| format!("new:{}", session.id));
    let missing = (!opening.has_client).then(|| {
        view! { <p class="form-trouble" role="alert">"Claude Code is not installed on the computer: there is no " <code>"claude"</code> " on its PATH."</p> }
    });
    let (label, hint) = match opening.session {
        Some(_) => ("What next", "A message to go on with"),
        None => ("Tasks", "build auth\n\nwrite tests for the cart"),
    };
    view! {
        <form class="new-form" data-command=wish data-draft=draft>
            {missing}
            {session}
            <label class="field" for="tasks"><span class="field-name">{label}</span>
                <span class="aside">{opening.session.is_none().then_some("One agent for each paragraph")}</span></label>
            <textarea id="tasks" name="tasks" rows="6" required placeholder=hint enterkeyhint="enter" inner_html=text::escaped(opening.text.unwrap_or_default())></textarea>
            {where_(opening)}
            {how()}
            <div class="answers"><button class="button is-primary needs-script">"Start"</button></div>
            <p class="said-here" role="status" data-said=""></p>
        </form>
    }
    .to_html()
}

/// Where they work.
fn where_(opening: &Opening<'_>) -> impl IntoView + use<> {
    let chosen = opening.folder.map(str::to_owned);
    let known = chosen.as_ref().is_none_or(|folder| opening.spots.iter().any(|spot| spot.folder == *folder));
    let options = opening.spots.iter().map(|spot| {
        let label = format!("{} · {}", parts::visible(&spot.name), text::cut_at_the_front(&parts::visible(&spot.folder), 40));
        let is_chosen = chosen.as_ref() == Some(&spot.folder);
        let untrusted = (!spot.is_trusted).then_some("");
        view! { <option value=spot.folder.clone() selected=is_chosen data-untrusted=untrusted>{label}</option> }
    });
    let options = options.collect_view();
    let other = if known { None } else { chosen };
    view! {
        <label class="field" for="folder"><span class="field-name">"Repository"</span></label>
        <div class="select"><select id="folder" name="folder">{options}<option value="" selected=!known data-untrusted="">"Another folder…"</option></select></div>
        <input class="other-folder" name="other_folder" value=other aria-label="The folder" autocomplete="off" spellcheck="false" placeholder="/home/you/project"/>
        <label class="check trust">
            <input type="checkbox" name="trust" value="true"/>
            <span>"I trust this repository: its Claude Code settings, hooks and setup command run without asking"</span>
        </label>
    }
}

/// How they work.
fn how() -> impl IntoView {
    view! {
        <details class="more-settings">
            <summary>"Base, model, permissions"</summary>
            <div class="settings-grid">
                <label class="field" for="base"><span class="field-name">"Start from"</span></label>
                <input id="base" name="base" autocomplete="off" spellcheck="false" placeholder="the branch that is checked out"/>
                <label class="field" for="model"><span class="field-name">"Model"</span></label>
                <input id="model" name="model" autocomplete="off" spellcheck="false" list="models" placeholder="as set up"/>
                <datalist id="models"><option value="opus"></option><option value="sonnet"></option><option value="haiku"></option></datalist>
                <label class="field" for="mode"><span class="field-name">"Permissions"</span></label>
                <div class="select"><select id="mode" name="mode">
                    <option value="">"As set up"</option>
                    <option value="default">"Ask for each"</option>
                    <option value="acceptEdits">"Edits are allowed"</option>
                    <option value="plan">"Plan first"</option>
                </select></div>
                <label class="field" for="parallel"><span class="field-name">"At once"</span></label>
                <input id="parallel" name="max_parallel" type="number" inputmode="numeric" min="1" max="99" placeholder="all of them"/>
            </div>
        </details>
    }
}

/// Going on with a session: as a copy in a worktree, or as itself where it was.
fn going_on(session: &Session) -> impl IntoView + use<> {
    let title = parts::visible(&session.title);
    let is_live = session.live.is_some();
    let here = is_live.then(|| view! { <span class="choice-words">"It is live in a terminal: two must not hold it at once"</span> });
    view! {
        <fieldset class="question">
            <legend>"Continue “" {title} "”"</legend>
            <label class="choice"><input type="radio" name="how" value="fork" checked/>
                <span>"As a copy, in a worktree of its own"<span class="choice-words">"The session itself stays as it is"</span></span></label>
            <label class="choice"><input type="radio" name="how" value="here" disabled=is_live/>
                <span>"Itself, in its own folder"{here}</span></label>
        </fieldset>
        <details class="more-settings"><summary>"Or in a terminal"</summary>
            <div class="actions"><code class="resume-command" data-copy-source="">{session.resume_command.clone()}</code></div>
        </details>
    }
}
