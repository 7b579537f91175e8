"""Writes the SentencePiece model of Gemma 3 as a tokenizer of Hugging Face.

    pip install sentencepiece protobuf tokenizers
    python convert.py MODEL.gz TOKENIZER.json
"""

import gzip
import sys

from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers


def main():
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(gzip.open(sys.argv[1]).read())
    vocabulary = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    scores = {piece.piece: piece.score for piece in proto.pieces}
    merges = []
    for piece, number in vocabulary.items():
        # User-defined pieces are merged by nobody, but their halves may be pieces: SentencePiece orders
        # merges by the score of what comes of them.
        local = []
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in vocabulary and right in vocabulary:
                local.append((left, right, number))
        local.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        merges.extend(local)
    merges.sort(key=lambda pair: scores[pair[0] + pair[1]], reverse=True)
    tokenizer = Tokenizer(
        models.BPE(vocabulary, [(left, right) for left, right, _ in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(" "), "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.save(sys.argv[2])


main()
