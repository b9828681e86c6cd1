package main

import "time"

// Bounds of `poolwise load`. Each says what it costs and why it is no larger.
const (
	// loadBatchItemsMax is the server's bound of one request.
	loadBatchItemsMax = 100_000
	// loadBatchBytesMax closes a batch that has fewer items than --batch, and bounds one
	// item. The server takes 64 MiB; four connections of this stay within a quarter of
	// what it holds of bodies not yet answered.
	loadBatchBytesMax = 16 << 20
	// loadConnectionsMax is what one server on a few cores still gains from.
	loadConnectionsMax = 64
	// loadWindowBatches is how many batches may be on the way past the oldest one that is
	// not answered: their outcomes are held, so that errors are told in the file's order.
	loadWindowBatches = 128
	// loadErrorsShown is how many refused items are told on the terminal; --errors has all.
	loadErrorsShown = 20
	// loadAnswerBytesMax holds a batch answer: 1,000 errors and 1,000 flags are 300 KB.
	loadAnswerBytesMax = 8 << 20
	// loadHeaderRowsMax is where the heading of a roster form may stand at the latest.
	loadHeaderRowsMax = 10
	// loadSheetsMax is how many sheets of a spreadsheet are searched for the heading.
	loadSheetsMax = 16
	// loadXLSXBytesMax bounds a spreadsheet, packed and unpacked: it is held in memory, never
	// in a temporary file. A sheet ends at 1,048,576 rows; the eleven columns of the roster form
	// are some 700 bytes of XML a row.
	loadXLSXBytesMax = 2 << 30
	// loadZstdWindowMax is the memory that a compressed file may ask for.
	loadZstdWindowMax = 128 << 20

	// loadRequestTimeout bounds one request: 16 MiB over 2 Mbit/s, and its answer.
	loadRequestTimeout = 2 * time.Minute
	// loadRetryFirst and loadRetryMost are the pauses before a batch is sent again: doubled
	// each time, and never longer whatever Retry-After says.
	loadRetryFirst = 100 * time.Millisecond
	loadRetryMost  = 5 * time.Second
	// loadProgressEvery is how often a file's progress is told where there is no terminal.
	loadProgressEvery = 5 * time.Second
)

// The server's bounds, which those above must not pass.
const (
	loadServerBodyBytesMax = 64 << 20
	_                      = uint(loadServerBodyBytesMax - 2*loadBatchBytesMax)
)
