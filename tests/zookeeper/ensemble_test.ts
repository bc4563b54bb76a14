import assert from "node:assert/strict";
import {
  longSessions,
  startEnsemble,
  type ZooKeeperServer,
  zooKeeperTest,
} from "../support/zookeeper_server.ts";
import { connectedClient, recorder, textOf } from "./client_fixture.ts";
import { waitFor } from "../support/wait_for.ts";

/**
 * Keeps the members in the order of the connect string, so that a test knows who is visited first.
 */
const inOrder = () => 0.99;

/** What a client notices a hung member by: two thirds of it have to pass. */
const sessionTimeoutMs = 15_000;

/** The members' connect strings, these first. */
function addressOf(members: readonly ZooKeeperServer[], first: ZooKeeperServer): string {
  const others = members.filter((member) => member !== first);
  return [first, ...others].map((member) => member.connectString).join(",");
}

zooKeeperTest("a session outlives the members that it is on", async (t) => {
  await using ensemble = await startEnsemble(3, longSessions);
  const { members } = ensemble;

  /**
   * Something happens to the member that the client is on; session, node and watch must survive.
   */
  async function survives(victim: ZooKeeperServer, harm: () => Promise<void> | void) {
    await using observer = await connectedClient(
      members.filter((member) => member !== victim).map((m) => m.connectString).join(","),
      { sessionTimeoutMs },
    );
    await using fixture = await connectedClient(addressOf(members, victim), {
      sessionTimeoutMs,
      random: inOrder,
    });
    const { client } = fixture;
    const { sessionId } = client;
    await client.create("/mine", "x", { mode: "ephemeral" });
    const { events, watch } = recorder();
    await client.exists("/later", watch);
    await harm();
    await fixture.reached("connected", 2);
    assert.equal(client.sessionId, sessionId);
    assert.deepEqual(fixture.states, ["connected", "suspended", "connected"]);
    assert.equal(textOf(await client.getData("/mine")), "x");
    await waitFor("an observer to be connected", async () => {
      return await observer.client.create("/later", "", { mode: "ephemeral" }).catch(() => false);
    });
    await waitFor("the watch to fire", () => events.length > 0);
    assert.deepEqual(events, [{ type: "created", path: "/later" }]);
  }

  async function follower(): Promise<ZooKeeperServer> {
    const leader = await ensemble.leader();
    return members.find((member) => member !== leader) as ZooKeeperServer;
  }

  await t.step("a follower that is killed", async () => {
    const victim = await follower();
    await survives(victim, () => victim.stop()).finally(() => victim.restart());
  });

  await t.step("the leader that is killed", async () => {
    const victim = await ensemble.leader();
    await survives(victim, () => victim.stop()).finally(() => victim.restart());
  });

  // Last: a member that wakes up believes for a while that it still serves.
  await t.step("a follower that hangs", async () => {
    const victim = await follower();
    await survives(victim, () => victim.pause()).finally(() => victim.resume());
  });
});
