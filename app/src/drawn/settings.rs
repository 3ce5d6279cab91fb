//! The page of settings: this browser and the others, notifications, the theme, and how the machine is.

use leptos::prelude::*;
use orchestra_core::agents::doctor::Finding;

use super::{agents::command, parts};
use crate::{components::icon::Icon, ssr::household::PairedDevice};

/// What the page shows.
pub(crate) struct Known {
    /// The paired browsers, or why they cannot be read.
    pub(crate) devices: Result<Vec<PairedDevice>, String>,
    /// This program's version.
    pub(crate) version: &'static str,
    /// What is not as it should be.
    pub(crate) findings: Vec<Finding>,
    /// The server's time zone.
    pub(crate) offset_seconds: i32,
}

/// Draws the page.
pub(crate) fn draw(known: &Known) -> String {
    let devices = match &known.devices {
        Ok(devices) => {
            let devices = devices.iter().map(|one| device(one, known.offset_seconds)).collect_view();
            view! { <ul class="devices">{devices}</ul> }.into_any()
        }
        Err(why) => view! { <p class="form-trouble" role="alert">{parts::visible(why)}</p> }.into_any(),
    };
    let notifications = super::notifications::draw();
    view! {
        <div inner_html=notifications></div>
        <section class="setting">
            <h2>"Theme"</h2>
            <div class="segments-row needs-script" role="group" aria-label="Theme">
                <button type="button" class="button" data-theme-choice="">"Auto"</button>
                <button type="button" class="button" data-theme-choice="light">"Light"</button>
                <button type="button" class="button" data-theme-choice="dark">"Dark"</button>
            </div>
            <p class="aside no-script">"Follows your system."</p>
        </section>
        <section class="setting">
            <h2>"Paired browsers"</h2>
            {devices}
            <p class="aside">"To pair another, press Enter where " <code>"orchestra web"</code> " runs: it prints a new link."</p>
        </section>
        {health(known)}
    }
    .to_html()
}

fn device(device: &PairedDevice, offset_seconds: i32) -> impl IntoView + use<> {
    let revoke = command("revoke", &[("device", &device.id)]);
    let action = if device.is_this {
        view! { <form method="post" action="/logout"><button class="chip">"Log out"</button></form> }
            .into_any()
    } else {
        view! { <button type="button" class="chip needs-script" data-command=revoke>"Revoke"</button> }
            .into_any()
    };
    view! {
        <li class="device take">
            <span class="device-name">{parts::visible(&device.name)}
                {device.is_this.then(|| view! { <span class="mark is-done"><Icon name="done"/>"this one"</span> })}</span>
            <span class="aside">"here " {parts::moment(device.seen_ms, offset_seconds)} " · paired " {parts::moment(device.paired_ms, offset_seconds)}</span>
            {action}
            <p class="said-here" role="status" data-said=""></p>
        </li>
    }
}

fn health(known: &Known) -> impl IntoView + use<> {
    let findings = known.findings.iter().map(|finding| {
        view! {
            <li><b>{parts::visible(&finding.subject)}</b> ": " {parts::visible(&finding.what)}
                <p class="aside">{parts::visible(&finding.advice)}</p></li>
        }
    });
    let findings = findings.collect_view();
    let is_well = known.findings.is_empty();
    view! {
        <section class="setting">
            <h2>"This machine"</h2>
            {is_well.then(|| view! { <p><span class="mark is-done"><Icon name="done"/>"All is as it should be"</span></p> })}
            <ul class="findings">{findings}</ul>
            <p class="aside">"Orchestra " {known.version}</p>
        </section>
    }
}
