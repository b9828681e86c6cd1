package api

import "time"

// Bounds of the HTTP server. Each says what it costs and why it is no larger.
const (
	// batchBodyBytesMax is the contract's bound of a body as sent.
	batchBodyBytesMax = 64 << 20
	// statusBodyBytesMax holds 10,000 of the longest IDs with quotes and blanks.
	statusBodyBytesMax = 1 << 20
	// statusPeopleMax is the contract's bound of one bulk status request.
	statusPeopleMax = 10_000
	// headerBytesMax bounds request line and headers together, and is what every open
	// connection keeps for reading: 10,000 connections cost 80 MB.
	headerBytesMax = 8 << 10
	// chunkBytes is how a body of unknown length is admitted: piece by piece.
	chunkBytes = 256 << 10

	// unreadBytesMax is the body up to which a connection outlives a request refused ahead
	// of it; fasthttp's own bound (maxUnreadStreamBodySize).
	unreadBytesMax = 256 << 10
	// lingerTime is how long a connection drops what is still sent to it after a refusal:
	// 64 MiB at 100 Mbit/s.
	lingerTime = 6 * time.Second
	// answerRetainedBytes is the most memory for answers that stays with a connection:
	// 10,000 that once asked for 10,000 people would else keep 50 GB.
	answerRetainedBytes = 256 << 10

	// errorsMax and flagsMax bound what a batch answer details; counts are always whole.
	errorsMax = 1_000
	flagsMax  = 1_000

	// listLimitDefault and listLimitMax are the contract's.
	listLimitDefault = 1_000
	listLimitMax     = 100_000
	// changesScanMax bounds the feed entries one filtered request looks at, 50 ms or so.
	changesScanMax = 1_000_000
	// changesReadMax entries are looked at in one go.
	changesReadMax = 4096
	// waitMax bounds a long poll: proxies in between give up after 60 s.
	waitMax = 60 * time.Second
	// waitersMax bounds the readers that wait: 10 KiB each, goroutine and connection.
	waitersMax = 20_000

	// readTimeout bounds header and body of a request up to slowBodyBytes; larger
	// bodies get a second for every slowBodyBytes more, or an honest station on a thin
	// line could never send 64 MiB.
	readTimeout   = 30 * time.Second
	slowBodyBytes = 256 << 10
	// writeTimeout bounds the answer: the largest bulk answer is 5 MB.
	writeTimeout = 60 * time.Second
	// idleTimeout is above the 60 s of common proxies, so that they close first.
	idleTimeout = 75 * time.Second

	// retryAfterSeconds goes with every 503: a full queue is empty again within a second.
	retryAfterSeconds = "1"

	// zonesMax bounds the time zones of X-Time-Zone that are kept loaded.
	zonesMax = 64

	// benchBytesMax bounds GET /bench/empty.
	benchBytesMax = 1 << 20
)
