# When the identities are parted again, what the other's negative closed is open again.
# Proves: reopen/unmerged
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 eva 14:00 single
result T200 negative tested 15:00 reported 16:00
merge ada into eva 17:00
unmerge ada from eva 18:00
ada held because T100
eva negative
order ada due 19:00
