// Before the first paint: the remembered theme, that scripts run at all, and the button that goes round light, dark and
// the system's own. It works before, and without, the WebAssembly.
(function (root) {
  root.dataset.js = "";
  var key = "orchestra-theme", next = { "": "light", light: "dark", dark: "" };
  function remembered() {
    try { var theme = localStorage.getItem(key); return theme in next ? theme : ""; } catch (e) { return ""; }
  }
  function show(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    var button = document.getElementById("theme");
    if (!button) return;
    var word = theme ? theme[0].toUpperCase() + theme.slice(1) : "Auto";
    button.setAttribute("aria-label", "Theme: " + word);
    button.querySelector("span").textContent = word;
  }
  var theme = remembered();
  show(theme);
  document.addEventListener("DOMContentLoaded", function () {
    show(theme);
    var button = document.getElementById("theme");
    if (button) button.addEventListener("click", function () {
      theme = next[theme];
      // A browser that refuses storage keeps the choice for this page.
      try { if (theme) localStorage.setItem(key, theme); else localStorage.removeItem(key); } catch (e) {}
      show(theme);
    });
  });
})(document.documentElement);
