"""From the bytes of a file to records.

    archives     files inside a zip archive, rows of a Parquet file
    decoders     gzip, zstd, bzip2 and xz
    compressed   all of these or plain, a file or a pipe, as blocks of decompressed bytes
    records      blocks cut into whole records, whatever the size of the blocks
    lines, csv_scan, json_scan   where the records of JSONL, CSV and other JSON begin and end
    json_sample  how the records of a JSON input are laid out
    json_rows, csv_rows   records as data frames; json_cells reads plain JSON by column

Records that cannot be decoded become dead letters here.
"""
