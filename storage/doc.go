// Package storage keeps on disk what a Poolwise engine must not lose, and what it
// likes to find again. It is the only package that knows Pebble.
//
// The types:
//
//   - [Store] is one directory with its key file. Open it, and close it.
//   - The journal ([Store.Append], [Store.Replay]) holds what was asked, one sealed
//     value a group, at positions 1, 2, 3 … without a gap. It is the truth; all else
//     can be derived from it.
//   - A snapshot ([SnapshotWriter], [Store.LoadSnapshot]) is the engine's memory at one
//     position, in pages. There is one at a time, or none.
//   - Cold pages ([SnapshotWriter.Cold], [Store.Fetch]) are those that the engine lets go:
//     written once, beside a snapshot, and in force until they are written again.
//   - [Profiles] ([Profiles.Seal], [Profiles.Take], [Profiles.Read]) are what names people,
//     each sealed under the round that the person was last named under. [Store.EraseRound]
//     destroys what is kept under a round.
//   - [Rejects] are the refused items that wait for somebody to deal with them.
//   - The [Feed] is the list of changes of status, in blocks that are written lazily.
//   - [SyncDelay], [CrashFS] and [FaultFS] are file systems for benchmarks and tests.
//
// What it promises:
//
//  1. A position that Append returned is there after any crash, and nothing is there
//     that was never appended.
//  2. Replay gives the journal in order and stops with a sentinel error at the first
//     record that is missing, moved, altered or foreign; each record carries the
//     checksum of the one before it.
//  3. A snapshot is whole or not there. It counts only once feed and profiles are stored up
//     to its position, so a replay from it rebuilds whatever of them a crash took.
//  4. A cold page is as the snapshot in force, or the last before it that wrote the page,
//     left it. No crash mixes versions.
//  5. Stored feed blocks have no holes. They may run ahead of the snapshot, never of the
//     journal; a replay drops what is stored already.
//  6. Nothing leaves the memory unsealed but positions, counts, column and page numbers
//     and hashes. Without the key file the directory names nobody.
//  7. What is sealed under a round opens with that round's key only, which no file in the
//     directory holds. Once the key is destroyed it is noise: in the journal, in tables that
//     Pebble has not deleted yet, in every copy of the directory. A power cut leaves a round
//     whole or erased, and what is left to delete then, the next Open deletes.
//  8. Profiles are those that a replay of the whole journal would give, but for what came in
//     under rounds since erased. They never run ahead of the journal, and a reader sees what
//     was taken before it asked.
//  9. A failed write or sync ends the process with a sentence. It is never retried: after
//     a failed fsync the kernel may have dropped the data and call the next one good.
//
// What it does not: replicate, trim the journal, write an older format, or reach copies of the
// file of round keys: who keeps one keeps the keys in it.
//
// FORMAT.md draws every key and value. Start reading at [Open], then journal.go.
package storage
