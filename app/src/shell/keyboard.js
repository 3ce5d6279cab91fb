// How much of the page the on-screen keyboard covers, for what must stay above it. Where the browser makes room by
// itself, that is nothing.
(function (view) {
  if (!view) return;
  function look() {
    var typing = document.activeElement && document.activeElement.matches("input, textarea");
    var covered = typing ? Math.max(0, innerHeight - view.height * view.scale - view.offsetTop) : 0;
    document.documentElement.style.setProperty("--keyboard", (covered > 80 ? covered : 0) + "px");
    document.documentElement.toggleAttribute("data-keyboard", covered > 80);
  }
  view.addEventListener("resize", look);
  view.addEventListener("scroll", look);
})(window.visualViewport);
