//! tarpc with bincode over TCP, on one thread: "tarpc server", or "tarpc client <JSON>".

use std::{cell::RefCell, rc::Rc, time::Duration, time::Instant};

use futures::{future, StreamExt};
use serde::{Deserialize, Serialize};
use tarpc::{
    client, context,
    serde_transport::tcp,
    server::{BaseChannel, Channel},
    tokio_serde::formats::Bincode,
};

#[tarpc::service]
trait Bench {
    async fn ping(i: u64) -> u64;
    async fn echo(text: String) -> String;
}

#[derive(Clone)]
struct Server;

impl Bench for Server {
    async fn ping(self, _: context::Context, i: u64) -> u64 {
        i
    }

    async fn echo(self, _: context::Context, text: String) -> String {
        text
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Load {
    port: u16,
    connections: usize,
    in_flight: usize,
    warmup_ms: f64,
    duration_ms: f64,
    latencies: bool,
    #[serde(default)]
    text_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    calls: u64,
    seconds: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[derive(Default)]
struct Meter {
    calls: u64,
    is_open: bool,
    is_over: bool,
    latencies_ms: Vec<f64>,
}

const FRAME_MAX: usize = 64 * 1024 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    if arguments[1] == "server" {
        local.block_on(&runtime, serve());
    } else {
        local.block_on(&runtime, run(serde_json::from_str(&arguments[2]).unwrap()));
    }
}

async fn serve() {
    let mut listener = tcp::listen("127.0.0.1:0", Bincode::default).await.unwrap();
    listener.config_mut().max_frame_length(FRAME_MAX);
    println!("ready {}", listener.local_addr().port());
    while let Some(transport) = listener.next().await {
        let Ok(transport) = transport else { continue };
        tokio::task::spawn_local(async move {
            let mut answers = Box::pin(
                BaseChannel::with_defaults(transport).execute(Server.serve()),
            );
            while let Some(answer) = answers.next().await {
                tokio::task::spawn_local(answer);
            }
        });
    }
}

async fn run(load: Load) {
    let meter = Rc::new(RefCell::new(Meter::default()));
    let mut lanes = Vec::new();
    for _ in 0..load.connections {
        let mut connecting = tcp::connect(("127.0.0.1", load.port), Bincode::default);
        connecting.config_mut().max_frame_length(FRAME_MAX);
        let mut config = client::Config::default();
        config.max_in_flight_requests = load.in_flight.max(1);
        let client = BenchClient::new(config, connecting.await.unwrap()).spawn();
        for _ in 0..load.in_flight {
            let lane = lane(client.clone(), load.clone(), meter.clone());
            lanes.push(tokio::task::spawn_local(lane));
        }
    }
    sleep(load.warmup_ms).await;
    meter.borrow_mut().is_open = true;
    let (before, started_at) = (meter.borrow().calls, Instant::now());
    sleep(load.duration_ms).await;
    let (calls, seconds) = (meter.borrow().calls - before, started_at.elapsed().as_secs_f64());
    meter.borrow_mut().is_over = true;
    future::join_all(lanes).await;
    let mut latencies_ms = std::mem::take(&mut meter.borrow_mut().latencies_ms);
    latencies_ms.sort_by(f64::total_cmp);
    let outcome = Outcome {
        calls,
        seconds,
        p50_ms: quantile(&latencies_ms, 0.5),
        p99_ms: quantile(&latencies_ms, 0.99),
    };
    println!("{}", serde_json::to_string(&outcome).unwrap());
}

async fn lane(client: BenchClient, load: Load, meter: Rc<RefCell<Meter>>) {
    let text = "x".repeat(load.text_length);
    let mut i = 0;
    while !meter.borrow().is_over {
        let started_at = load.latencies.then(Instant::now);
        if load.text_length > 0 {
            let answer = client.echo(context::current(), text.clone()).await.unwrap();
            assert_eq!(answer.len(), text.len());
        } else {
            i += 1;
            assert_eq!(client.ping(context::current(), i).await.unwrap(), i);
        }
        let mut meter = meter.borrow_mut();
        meter.calls += 1;
        if let (Some(started_at), true) = (started_at, meter.is_open) {
            meter.latencies_ms.push(started_at.elapsed().as_secs_f64() * 1_000.0);
        }
    }
}

async fn sleep(ms: f64) {
    tokio::time::sleep(Duration::from_secs_f64(ms / 1_000.0)).await;
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)]
}
