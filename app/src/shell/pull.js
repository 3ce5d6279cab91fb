// Pulling down at the top loads the page anew, where neither the system nor the browser has a gesture for it: in the app as
// installed on an iPhone or iPad.
(function () {
  var from = null;
  if (!navigator.standalone) return;
  addEventListener("touchstart", function (event) {
    var isFree = scrollY <= 0 && event.touches.length === 1 && !event.target.closest("dialog, input, textarea, .lane");
    from = isFree ? event.touches[0].clientY : null;
  }, { passive: true });
  addEventListener("touchend", function (event) {
    if (from !== null && scrollY <= 0 && event.changedTouches[0].clientY - from > 140) location.reload();
    from = null;
  }, { passive: true });
})();
