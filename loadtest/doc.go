// Package loadtest plays the day of a city against a server and checks, person
// by person, that every status came out right.
//
// Its few types: a City is the plan of one day (who stands in which queue, which
// tube, what the laboratory will say), three bytes a person, the same for the
// same seed. What a server knows before the day (areas, sites, laboratories, rounds,
// the roster) is put by a preparation. A City emits Events phase by phase; the
// Replayer sends them as fast as the server takes them; the oracle folds the very same
// Events by the rules of status and says what each person's answer has to be, and who
// is counted where in which round; the Checker asks the server and counts the
// differences: statuses, open orders, coverage of every area.
//
// A plain day (Plan.Plain) has no master data and only the events that a day is mostly
// made of: by it speed is compared. Any other has, in small shares, all that the field
// knows: trouble.go and recollect.go tell it tube by tube.
//
// The package speaks HTTP like any client and shares no code with the server: a
// rule misread on one side must not be misread on the other.
//
// It promises: every event is one that a server accepts whatever the interleaving
// of its connections (what a live refusal could hit is sent late); the same seed,
// size and day give the same events. It does not promise realistic people: they
// are synthetic, in the unassigned area 990101, and are never printed.
//
// Start reading at City (city.go), emit (script.go), rounds and areas (master.go),
// oracle (oracle.go).
package loadtest
