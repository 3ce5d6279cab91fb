// What was typed and not sent: kept in the browser, by the name of its form, until it has arrived, which
// `components/outbox.rs` and `public/runs.js` tell.
(function () {
  var brought = new WeakSet();
  function kept(act) {
    try { return act(localStorage); } catch { return null; }
  }
  function bringBack() {
    document.querySelectorAll("form[data-draft] textarea").forEach(function (area) {
      if (brought.has(area)) return;
      brought.add(area);
      var draft = kept(function (storage) { return storage.getItem("draft:" + area.form.dataset.draft); });
      if (draft && !area.value) area.value = draft;
    });
  }
  addEventListener("input", function (event) {
    var form = event.target.localName === "textarea" && event.target.closest("form[data-draft]");
    if (form) kept(function (storage) { storage.setItem("draft:" + form.dataset.draft, event.target.value); });
  });
  // Forgets what a command said that has arrived. What was typed meanwhile is the next one.
  window.forgetDraft = function (command) {
    var said = JSON.parse(command), name = said.do !== "spawn" ? said.agent : said.session ? "new:" + said.session : "new", text = said.tasks || said.text;
    if (!text) return;
    kept(function (storage) { if (storage.getItem("draft:" + name) === text) storage.removeItem("draft:" + name); });
    document.querySelectorAll("form[data-draft] textarea").forEach(function (area) {
      if (area.form.dataset.draft === name && area.value === text) area.value = "";
    });
  };
  new MutationObserver(bringBack).observe(document, { childList: true, subtree: true });
  bringBack();
})();
