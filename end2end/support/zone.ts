// Where the server and the browser think they are: where it is noon now, so that what was ten minutes ago is today at
// any hour a test is run.
const hoursToNoon = 12 - new Date().getUTCHours();

/** A zone of whole hours from UTC. In these names, and only there, plus means west. */
export const zone = hoursToNoon === 0 ? "Etc/GMT" : `Etc/GMT${hoursToNoon > 0 ? "-" : "+"}${Math.abs(hoursToNoon)}`;
