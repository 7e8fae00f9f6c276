//! A connection from its first byte to its last.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{self, pin};
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::server::connections::acceptor::{Acceptor, describe, identify};
use crate::server::connections::framing::Framed;
use crate::server::connections::meter::{Meter, Metered, Stage};
use crate::server::connections::peer::Peer;
use crate::server::connections::service::{Conversation, Shared};

/// The maximum size of a request's headers.
const HEADERS: usize = 64 << 10;

/// The bytes that the kernel keeps for a slow reader beyond those on their way; by default, megabytes.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 256 << 10;

/// The bytes that are read and dropped after the last response.
const DRAINED: u64 = 1 << 20;

/// The answer to a request without TLS.
const NOT_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 59\r\nConnection: close\r\n\r\n\
    this port expects TLS: use a URL that begins with https://\n";

/// The parts of the server that a connection needs.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) shared: Arc<Shared>,
    /// `None` for plain HTTP.
    pub(crate) tls: Option<Arc<Acceptor>>,
    /// Changes when the server stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Host {
    /// Serves a connection.
    pub(crate) async fn serve(self, socket: TcpStream, address: SocketAddr, meter: Arc<Meter>) {
        tune(&socket);
        let peer = Peer { address, certificate: None, subject: None, tls: None };
        let Some(tls) = self.tls.clone() else {
            meter.enter(Stage::Http1);
            // hyper's buffer is not needed before there is something to read.
            let mut stop = self.stop.clone();
            tokio::select! {
                _ = socket.readable() => {}
                () = stopped(&mut stop) => return,
            }
            let socket = Metered::new(socket, Arc::clone(&meter));
            return Box::pin(self.http1(socket, peer, meter)).await;
        };
        // Boxed, so that an idle connection does not keep the room that handshakes need.
        if let Some((stream, peer)) = Box::pin(self.shake_hands(&tls, socket, peer, &meter)).await {
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Box::pin(self.http2(stream, peer, meter)).await,
                _ => Box::pin(self.http1(stream, peer, meter)).await,
            }
        }
    }

    async fn shake_hands(
        &self,
        tls: &Acceptor,
        mut socket: TcpStream,
        mut peer: Peer,
        meter: &Arc<Meter>,
    ) -> Option<(tokio_rustls::server::TlsStream<Metered<TcpStream>>, Peer)> {
        let mut first = [0];
        match socket.peek(&mut first).await {
            Ok(0) | Err(_) => return None,
            Ok(_) if first[0].is_ascii_alphabetic() => {
                self.shared.log.dropped(peer.address, "plain-http", "HTTP without TLS".into());
                meter.enter(Stage::Closing);
                let _ = socket.write_all(NOT_HTTPS).await;
                close(socket).await;
                return None;
            }
            Ok(_) => {}
        }
        match tls.accept(Metered::new(socket, Arc::clone(meter))).await {
            Ok(stream) => {
                identify(&stream, &mut peer);
                Some((stream, peer))
            }
            Err((error, socket)) => {
                let (reason, text) = describe(error);
                self.shared.log.dropped(peer.address, reason, text);
                meter.enter(Stage::Closing);
                close(socket).await;
                None
            }
        }
    }

    async fn http1(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        meter: Arc<Meter>,
    ) {
        meter.enter(Stage::Http1);
        let conversation = self.conversation(peer, &meter);
        let service = service_fn(move |request| Box::pin(conversation.clone().answer(request)));
        let mut builder = http1::Builder::new();
        // The watch over all connections limits the time of headers too.
        builder.half_close(true).header_read_timeout(None).max_buf_size(HEADERS);
        let stream = TokioIo::new(Framed::new(stream, Arc::clone(&meter)));
        let mut connection = builder.serve_connection(stream, service);
        let ended = tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
            () = stopped(&mut self.stop) => {
                pin::Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        // After an error of a response's body, the client must not take the end for a clean one.
        let is_body_error = ended.as_ref().is_err_and(hyper::Error::is_user);
        if !is_body_error {
            meter.enter(Stage::Closing);
            close(connection.into_parts().io.into_inner()).await;
        }
    }

    async fn http2(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        meter: Arc<Meter>,
    ) {
        meter.enter(Stage::Http2);
        let conversation = self.conversation(peer, &meter);
        let service = service_fn(move |request| conversation.clone().answer(request));
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .max_concurrent_streams(64)
            .max_header_list_size(HEADERS as u32)
            .initial_stream_window_size(64 << 10)
            .initial_connection_window_size(256 << 10)
            .max_send_buf_size(64 << 10)
            // Rapid reset (CVE-2023-44487): these many streams may be reset before they are seen.
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(100);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => {}
            () = stopped(&mut self.stop) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    fn conversation(&self, peer: Peer, meter: &Arc<Meter>) -> Conversation {
        Conversation { shared: Arc::clone(&self.shared), peer, meter: Arc::clone(meter) }
    }
}

/// Sets the options of a socket; without them, it works too.
fn tune(socket: &TcpStream) {
    // Small responses must not wait for the acknowledgement of earlier ones.
    let _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

/// Waits until the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stops| *stops).await.is_err() {
        std::future::pending().await
    }
}

/// Closes a connection so that the client can read the last response: if there were unread bytes,
/// the kernel would reset the connection.
async fn close(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut stream.take(DRAINED), &mut tokio::io::sink()).await;
    }
}
