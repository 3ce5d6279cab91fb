// The settings of notifications, wired to what `drawn/notifications.rs` draws: whether this device gets any, a test, what
// of, and when not. The page may put them in place later, and anew.
(function () {
  const words = {
    insecure: "Notifications need a secure connection: https, or a browser on the machine itself.",
    homeScreen: "On iPhone and iPad, add Orchestra to the home screen first: Share, then Add to Home Screen. Open it from there and come back to this page.",
    unsupported: "This browser cannot show notifications of pages.",
    blocked: "Blocked: this browser was told to show none of Orchestra's. Allow them in its settings for this site, then load the page again.",
    off: "Off: this device is told nothing.",
    on: "On: this device is told.",
  };

  function wire() {
    const root = document.querySelector("[data-notifications]:not([data-wired])");
    if (!root) return;
    root.dataset.wired = "";
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [state, toggle, test, outcome] = ["state", "toggle", "test", "outcome"].map(part);
    const [form, kept] = ["settings", "kept"].map(part);
    let isOn = false;

    function show(word) {
      state.textContent = words[word];
      isOn = word === "on";
      toggle.hidden = word !== "on" && word !== "off";
      toggle.textContent = isOn ? "Turn off" : "Turn on";
      test.hidden = !isOn;
    }

    // Does something that may take a while or fail, and says what came of it where it was asked for.
    async function attempt(button, outcome, act) {
      if (button.getAttribute("aria-busy") === "true") return;
      button.setAttribute("aria-busy", "true");
      outcome.textContent = "";
      try {
        outcome.textContent = (await act()) ?? "";
      } catch (error) {
        outcome.textContent = error.message || "That did not work. Try again.";
      } finally {
        button.removeAttribute("aria-busy");
      }
    }

    toggle.addEventListener("click", () => attempt(toggle, outcome, async () => {
      if (isOn) {
        await turnOff();
        show("off");
        return;
      }
      // First of all: browsers ask only at the very moment of a tap.
      const permission = await Notification.requestPermission();
      if (permission === "denied") return show("blocked");
      if (permission !== "granted") return "Nothing was changed: the browser was not told to allow them.";
      await turnOn();
      show("on");
    }));
    test.addEventListener("click", () => attempt(test, outcome, async () => (await ask("/push/test", {})).message));
    // Only what was changed here: another page may have changed the rest. What is changed while that is being kept is kept
    // right after it.
    const changed = new Set();
    form.addEventListener("change", ({ target }) => {
      if (form.quiet.checked && !(form.from.value && form.to.value)) {
        [form.from.value, form.to.value] = ["22:00", "07:00"];
      }
      showHours();
      changed.add(/^(from|to)$/.test(target.name) ? "quiet" : target.name);
      attempt(form, kept, async () => {
        while (changed.size) {
          const settings = await ask("/push/settings");
          for (const name of changed) settings[name] = chosen(name);
          changed.clear();
          fill(await ask("/push/settings", settings));
        }
        return "Kept.";
      });
    });

    function chosen(name) {
      if (name !== "quiet") return form[name].checked;
      return form.quiet.checked ? { from: form.from.value, to: form.to.value } : null;
    }

    function fill(settings) {
      if (changed.size) return;
      for (const name of ["needs", "failed", "finished"]) form[name].checked = settings[name];
      form.quiet.checked = Boolean(settings.quiet);
      if (settings.quiet) [form.from.value, form.to.value] = [settings.quiet.from, settings.quiet.to];
      showHours();
    }

    form.addEventListener("submit", (event) => event.preventDefault());

    function showHours() {
      form.from.disabled = form.to.disabled = !form.quiet.checked;
    }

    attempt(form, outcome, async () => {
      fill(await ask("/push/settings"));
      form.hidden = false;
      show(await look());
    });
  }

  // Whether this device gets notifications, or why it cannot.
  async function look() {
    if (!window.isSecureContext) return "insecure";
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
      return isApple() ? "homeScreen" : "unsupported";
    }
    if (Notification.permission === "denied") return "blocked";
    const [{ subscribed, key }, subscription] = await Promise.all([ask("/push/key"), subscriptionHere()]);
    return subscribed && subscription && isWith(subscription, key) ? "on" : "off";
  }

  // An iPhone or iPad; the latter says it is a Mac, but no Mac is touched.
  function isApple() {
    return /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
  }

  async function registration() {
    await navigator.serviceWorker.register("/sw.js");
    return navigator.serviceWorker.ready;
  }

  async function subscriptionHere() {
    const registered = await navigator.serviceWorker.getRegistration();
    return registered && registered.pushManager.getSubscription();
  }

  // Whether a subscription was made with this key of the server's.
  function isWith(subscription, key) {
    const bytes = new Uint8Array(subscription.options.applicationServerKey ?? []);
    const text = btoa(String.fromCharCode(...bytes));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") === key;
  }

  async function turnOn() {
    const [{ key }, { pushManager }] = await Promise.all([ask("/push/key"), registration()]);
    const before = await pushManager.getSubscription();
    // One of another install, or from before its keys were lost, is of no use.
    if (before && !isWith(before, key)) await before.unsubscribe();
    await ask("/push/subscribe", await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  }

  async function turnOff() {
    await ask("/push/unsubscribe", {});
    await (await subscriptionHere())?.unsubscribe();
  }

  // Asks the server: a body is posted. What goes wrong is an error in words.
  async function ask(path, body) {
    const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let response;
    try {
      response = await fetch(path, body === undefined ? {} : posted);
    } catch {
      throw new Error("Orchestra cannot be reached. Try again when it can.");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const { message, next_step, error } = answer;
    throw new Error([message, next_step, error].filter(Boolean).join(" ") || "That did not work. Load the page again.");
  }

  new MutationObserver(wire).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", wire);
  wire();
})();
