package ingest

// faultsBytes is about how much text Faults decodes at a time: a thousand honest items, or a
// few of the longest.
const faultsBytes = 1 << 20
