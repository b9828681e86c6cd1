# A suspect is not closed by a later negative of an ordinary laboratory, not even of a single tube.
# Proves: suspect/not-by-ordinary-lab
any order
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
scan T300 ada 14:01 single
result T300 negative tested 16:00 reported 17:00
ada suspect because T200
ada last negative T300
