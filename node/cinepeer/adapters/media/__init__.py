"""ffmpeg and ffprobe in killable, limited subprocesses."""
