# A credential speaks for its own lab only; a result of another lab than the newest receiver's is flagged.
# Proves: refusal/lab_mismatch
scan T100 ada 08:01
receive T100 by L2 10:00
result T100 negative tested 12:00 reported 13:00 lab L1 speaking for L2
refused lab_mismatch
result T100 negative tested 12:00 reported 13:00 lab L1 speaking for L1
accepted
flag lab_mismatch
late result T100 negative tested 12:00 reported 13:10 lab L1 speaking for L2
accepted
flag lab_mismatch
