"""Read environment variables into the values of ``Settings``, with pydantic-settings.

Imported only where settings are loaded, because importing pydantic takes a tenth of a second.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Final, get_type_hints

from pydantic import BeforeValidator, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources.utils import parse_env_vars

from kernel.settings import PREFIX, Settings
from kernel.settings_parsers import PARSERS


class WrongSetting(ValueError):
    """A setting's text cannot be parsed; ``problem`` is the end of a sentence."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


class _MappingSource(EnvSettingsSource):
    """Environment variables from a mapping instead of the environment of this process."""

    def __init__(self, settings_class: type[BaseSettings], variables: Mapping[str, str]) -> None:
        super().__init__(settings_class)
        self.env_vars = parse_env_vars(variables, self.case_sensitive, self.env_ignore_empty)


class _EnvironmentSettings(BaseSettings):
    """Reads the variables that are passed as arguments, and no other sources."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        validate_default=False,
        extra="ignore",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del env_settings, dotenv_settings, file_secret_settings  # only the arguments are read
        assert isinstance(init_settings, InitSettingsSource)
        return (_MappingSource(settings_cls, init_settings.init_kwargs),)


def _field_types() -> dict[str, Any]:
    """Return the type and the default of each field; the type includes the parser of its text."""
    hints = get_type_hints(Settings)
    found: dict[str, Any] = {}
    for setting in fields(Settings):
        read_as = hints[setting.name]
        if setting.name in PARSERS:
            read_as = Annotated[read_as, BeforeValidator(PARSERS[setting.name]), NoDecode]
        found[setting.name] = (read_as, setting.default)
    return found


# The fields are declared once, in ``Settings``.
_Reader: Final = create_model("_Reader", __base__=_EnvironmentSettings, **_field_types())


def read_settings(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the settings that these variables contain, by field.

    Raises WrongSetting for the first invalid field.
    """
    try:
        found = _Reader(**variables)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = first.get("ctx", {}).get("error", first["msg"])
        raise WrongSetting(str(first["loc"][0]), str(problem)) from None
    return {name: getattr(found, name) for name in found.model_fields_set}
