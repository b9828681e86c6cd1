# Nothing is closed for ever: when the releasing tube turns positive, the person is suspect and the hold taken over.
# Proves: reopen/closer-turns-positive
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:01 single
result T200 negative tested 16:00 reported 17:00
ada negative
result T200 positive tested 18:00 reported 19:00
ada suspect because T200
ada no negative
