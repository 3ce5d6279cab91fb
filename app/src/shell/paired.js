// The event stream was refused: whoever was unpaired meanwhile is told so instead of what was there. Anything else passes,
// and the stream is opened again.
addEventListener("stream-refused", function () {
  function again() {
    setTimeout(function () { document.dispatchEvent(new Event("visibilitychange", { bubbles: true })); }, 4000);
  }
  fetch("/", { method: "HEAD", cache: "no-store", redirect: "manual" }).then(function (answer) {
    if (answer.status === 401) location.reload();
    else again();
  }, again);
});
