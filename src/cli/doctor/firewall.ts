/**
 * What to do about a port that cannot be reached.
 *
 * @param reason the error of the system or of TLS; `undefined`: there was no answer, not even a
 * refusal, as if a firewall had dropped the packets
 */
export function portHint(reason: string | undefined, port: number): string {
  if (reason === undefined || /timed ?out/i.test(reason)) {
    return `is the machine up? Else a firewall is in between; ${letIn(port)}`;
  }
  // So firewalld refuses what it does not let in. A machine that is down looks the same.
  if (/no route to host|unreachable host|EHOSTUNREACH/i.test(reason)) {
    return `is the machine up, at this address? Else a firewall refuses; ${letIn(port)}`;
  }
  if (/unreach/i.test(reason)) {
    return "this machine has no way there: check the address, and its own network";
  }
  if (/lookup address|ENOTFOUND|EAI_AGAIN/i.test(reason)) {
    return "no such name is known here: check its spelling, or write the address";
  }
  if (/\b(certificate|keys|clock|TLS)\b/.test(reason)) {
    return "compare what rpc keys show says here and there, and the clocks of both machines";
  }
  return "nothing listens there: start it, or see what its log says";
}

function letIn(port: number): string {
  return `let TCP ${port} in there ` +
    `(Linux: sudo ufw allow ${port}/tcp, or firewall-cmd --add-port=${port}/tcp; Windows: ` +
    `netsh advfirewall firewall add rule name=rpc dir=in action=allow protocol=TCP ` +
    `localport=${port})`;
}
