"""The pages: Django templates, a little htmx, one stylesheet and no build step."""
