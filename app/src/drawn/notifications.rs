//! The settings of notifications, as they are before their script has looked: `shell/notifications.js` fills them in.

use leptos::prelude::*;

/// Draws them. The script finds its places by `data-part` and by the names of the fields.
pub(crate) fn draw() -> String {
    let of_what = [
        ("needs", "needs me: it asks for leave, asks a question, has a plan"),
        ("failed", "failed, was lost, or waits for the model"),
        ("finished", "has finished"),
    ]
    .map(|(name, words)| {
        view! { <label class="choice"><input type="checkbox" name=name/> <span>{words}</span></label> }
    });
    view! {
        <section class="settings-part notifications" data-notifications="" aria-labelledby="notifications-title">
            <h2 id="notifications-title">"Notifications"</h2>
            <p class="no-script">"Notifications need JavaScript."</p>
            <p class="needs-script" data-part="state" role="status">"Looking…"</p>
            <p class="settings-actions needs-script">
                <button type="button" class="button" data-part="toggle" hidden=true>"Turn on"</button>
                <button type="button" class="button" data-part="test" hidden=true>"Send a test"</button>
            </p>
            <p class="needs-script" data-part="outcome" role="status"></p>
            <form data-part="settings" hidden=true>
                <fieldset>
                    <legend>"Tell me when an agent"</legend>
                    {of_what.collect_view()}
                </fieldset>
                <fieldset>
                    <legend>"Quiet hours"</legend>
                    <label class="choice"><input type="checkbox" name="quiet"/> <span>"Hold notifications back"</span></label>
                    <p class="hours">
                        <label><span>"from"</span> <input type="time" name="from" required=true/></label>
                        <label><span>"to"</span> <input type="time" name="to" required=true/></label>
                    </p>
                    <p class="aside">"By the clock of the machine that Orchestra runs on. What still stands afterwards is told then."</p>
                </fieldset>
                <p class="aside">"For all devices, and for a command or an ntfy topic of the configuration file."</p>
                <p data-part="kept" role="status"></p>
            </form>
        </section>
    }
    .to_html()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_finds_every_part_that_it_looks_for() {
        let (html, script) = (draw(), include_str!("../shell/notifications.js"));
        for part in ["state", "outcome", "toggle", "test", "settings", "kept"] {
            assert!(html.contains(&format!("data-part=\"{part}\"")), "{part}");
            assert!(script.contains(&format!("\"{part}\"")), "{part}");
        }
        for field in ["needs", "failed", "finished", "quiet", "from", "to"] {
            assert!(html.contains(&format!("name=\"{field}\"")), "{field}");
            let names = [format!("form.{field}"), format!("\"{field}\"")];
            assert!(names.iter().any(|name| script.contains(name)), "{field}");
        }
    }
}
