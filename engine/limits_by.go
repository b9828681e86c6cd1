package engine

// Bounds of what coverage_by.go and roster_view.go do for one reader.
const (
	// cutRosters people are told of under one lock, some 20 µs.
	cutRosters = 256

	// fetchTries is how often a reader lets the lock go to fetch a page that one person's
	// tests lie in, before he fetches under it: so many pages are a year of rounds.
	fetchTries = 1024

	// namesakesMost is among how many areas within a parent a reader looks for one of the same
	// name; of one that has more, a city or a large district, all count as having one.
	namesakesMost = 4096
)
