import * as z from "zod";
import { reservedMethods } from "../wire/message.ts";
import { Call, type Dispatch } from "./call.ts";

/** What is read of the OpenRPC document that servers describe themselves by. */
const documentSchema = z.object({
  methods: z.array(z.object({ name: z.string(), "x-idempotent": z.boolean().optional() })),
});

/**
 * Which methods may run twice, as the servers say. Asked only once the answer matters, which is when
 * a call was lost; so the calls of a quiet day cost nothing for it.
 */
export class Idempotence {
  readonly #dispatch: Dispatch;
  readonly #known = new Map<string, boolean>();

  /** @param dispatch sends a call to any server */
  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  /** Answers for a call's method, within its deadline: `false` if nobody can tell. */
  of(call: Call, answer: (idempotent: boolean) => void): void {
    const known = this.#known.get(call.method);
    if (known !== undefined) return answer(known);
    const question = new Call(reservedMethods.discover, undefined, call.deadlineAtMs);
    this.#dispatch(question, (_error, document) => {
      const parsed = documentSchema.safeParse(document);
      for (const method of parsed.data?.methods ?? []) {
        this.#known.set(method.name, method["x-idempotent"] ?? false);
      }
      answer(this.#known.get(call.method) ?? false);
    });
    call.withdraw = () => question.withdraw?.();
  }
}
