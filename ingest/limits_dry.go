package ingest

// dryRunsMax bounds the dry runs that are under way or wait for the one that is: each holds
// its decoded body. One of 100,000 items keeps the writer for 50 ms, as a batch of them does.
const dryRunsMax = 8
