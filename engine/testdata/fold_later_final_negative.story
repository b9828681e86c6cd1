# A standing positive is not replaced by a later plain final that disagrees: it is kept, does not count, and is flagged.
# Proves: result/positive-not-replaced-by-final
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
result T100 negative tested 14:00 reported 15:00
accepted
flag verdict_conflict
ada held because T100
tube T100 says positive
