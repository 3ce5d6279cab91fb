// Keys: `/` filters, `j` and `k` move, Escape leaves, `?` tells them all (`shell/frame.rs` has the list). They work before,
// and without, the WebAssembly: what they do is press what is on the page. Ctrl or Cmd with K opens the palette, which
// is fetched then.
(function () {
  var places = { n: "/", s: "/sessions", p: "/projects", t: "/settings" }, goes = false;
  function find(selector) { return document.querySelector(selector); }
  function press(selector) { var there = find(selector); if (there) there.click(); return Boolean(there); }
  function palette() { import("/palette.js").then(function (script) { script.open(); }).catch(function () {}); }
  // To the row, or in a conversation to the prompt, so many further on.
  function move(step) {
    var stops = [...document.querySelectorAll(find(".conversation") ? ".turn-prompt > .turn-time" : ".row-link")];
    stops = stops.filter(function (stop) { return stop.checkVisibility(); });
    // The focus may stand on the row itself, once what was pressed in it is gone.
    var there = document.activeElement, row = there.tabIndex < 0 && there.matches("[data-agent]") && there.querySelector(".row-link");
    var at = stops.indexOf(row || there);
    var next = at < 0 ? stops.at(step > 0 ? 0 : -1) : stops[at + step];
    if (next) next.focus();
  }
  // On a phone Enter is a new line: the button is near. Without what hears it nothing is sent.
  function sends(event) {
    return !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches && find("html[data-hydrated]");
  }
  function act(key) {
    if (goes && (goes = false, places[key])) return press('.place[href="' + places[key] + '"]');
    if (key === "g") return (goes = true);
    if (key === "/" && find("#filter")) return find("#filter").focus(), true;
    if (key === "m" && find("#message")) return find("#message").focus(), true;
    if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
    if (key === "n") return press('.place[href="/new"]');
    if (key === "?") return find("#keys").showModal();
    if (/^[123]$/.test(key)) return press(".tab:nth-child(" + key + ")");
  }
  addEventListener("keydown", function (event) {
    var there = document.activeElement, isWriting = there && there.matches("input, textarea, select");
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      palette();
    } else if (event.key === "Enter" && event.target.id === "message" && sends(event)) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || find("dialog[open], :popover-open")) {
      // Theirs, or the browser's.
    } else if (event.key === "Escape") {
      if (isWriting) there.blur(); else press("[data-up]");
    } else if (!isWriting && act(event.key)) {
      event.preventDefault();
    }
  });
  // Where a reason is asked for, it is typed at once: keys are words there.
  addEventListener("toggle", function (event) {
    var there = event.target, field = there.matches && there.matches("details.deny[open]:not([data-kept])") && there.querySelector("input");
    if (there.dataset) delete there.dataset.kept;
    if (field) field.focus();
  }, true);
  addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-palette]")) palette();
  });
})();
