import { assetAt } from "../../src/gateway/page/assets.ts";

/** What the page is served by in place of a gateway: what it is told is the test's. */
export interface PageServer {
  readonly url: string;
  /** Tells all pages that look. */
  tell(view: unknown): void;
  /** What the servers offer, as JSON text. */
  offered: string;
  /** Which paths are answered 401. */
  refuses: (pathname: string) => boolean;
  /** Pages that look. */
  readonly looks: number;
  /** Ends what is told to pages that look. */
  drop(): void;
  /** Bodies of the calls that the page has made. */
  readonly calls: string[];
  /** The next calls' results, as JSON text. */
  result: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves the page's own files, and what a test says for the rest. */
export function servePage(): PageServer {
  const lookers = new Set<ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>>();
  const utf8 = new TextEncoder();
  let last: Uint8Array<ArrayBuffer> | undefined;
  const live = () => {
    let looker: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        lookers.add(looker = controller);
        if (last !== undefined) controller.enqueue(last);
      },
      cancel: () => void lookers.delete(looker),
    });
  };
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const asset = request.method === "GET" ? assetAt(pathname) : undefined;
    if (asset !== undefined) return asset;
    if (server.refuses(pathname)) return Response.json({ detail: "no" }, { status: 401 });
    if (pathname === "/live") {
      return new Response(live(), { headers: { "content-type": "text/event-stream" } });
    }
    if (pathname === "/openrpc.json") {
      return new Response(server.offered, { headers: { "content-type": "application/json" } });
    }
    if (!pathname.startsWith("/call/")) return new Response(null, { status: 204 });
    server.calls.push(await request.text());
    return new Response(server.result, { headers: { "content-type": "application/json" } });
  };
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const server: PageServer = {
    url: `http://127.0.0.1:${http.addr.port}`,
    tell(view) {
      last = utf8.encode(`data: ${JSON.stringify(view)}\n\n`);
      for (const looker of lookers) looker.enqueue(last);
    },
    offered: '{"openrpc":"1.3.2","info":{},"methods":[]}',
    refuses: () => false,
    get looks() {
      return lookers.size;
    },
    drop() {
      for (const looker of lookers) looker.close();
      lookers.clear();
    },
    calls: [],
    result: "null",
    async [Symbol.asyncDispose]() {
      server.drop();
      await http.shutdown();
    },
  };
  return server;
}
