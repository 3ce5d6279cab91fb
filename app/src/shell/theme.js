// Before the first paint: the remembered theme, that scripts run at all, and the buttons that choose light, dark or the
// system's own. It works before, and without, the WebAssembly.
(function (root) {
  root.dataset.js = "";
  var key = "orchestra-theme", next = { "": "light", light: "dark", dark: "" };
  function remembered() {
    try { var theme = localStorage.getItem(key); return theme in next ? theme : ""; } catch (e) { return ""; }
  }
  function show(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", button.dataset.themeChoice === theme);
    });
  }
  var theme = remembered();
  show(theme);
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-theme-choice]");
    if (!button) return;
    theme = button.dataset.themeChoice;
    // A browser that refuses storage keeps the choice for this page.
    try { if (theme) localStorage.setItem(key, theme); else localStorage.removeItem(key); } catch (e) {}
    show(theme);
  });
  // The buttons come with their page, which may come later.
  new MutationObserver(function () {
    if (document.querySelector("[data-theme-choice]:not([aria-pressed])")) show(theme);
  }).observe(root, { childList: true, subtree: true });
})(document.documentElement);
