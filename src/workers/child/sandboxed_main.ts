/**
 * The program of a worker in a sandbox. What others load when they need it is loaded at once: a
 * process without the right to read files cannot later.
 */

import "../../procedures/builtin.ts";
import "../../procedures/problems/load_problem.ts";
import "../../procedures/plain/function_schemas.ts";
import "../../wire/requests/decode_request.ts";
import "./worker_main.ts";
