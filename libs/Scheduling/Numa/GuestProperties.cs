using System.Globalization;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>Extra specs of a flavor and properties of an image, side by side. An empty value counts as none, as in Nova.</summary>
internal readonly struct GuestProperties(FlavorSpec flavor, ImageSpec? image)
{
    public int Vcpus => flavor.Vcpus;

    public long MemoryMiB => flavor.MemoryMiB;

    public IEnumerable<KeyValuePair<string, string>> ExtraSpecs => flavor.ExtraSpecs ?? Enumerable.Empty<KeyValuePair<string, string>>();

    /// <summary>An extra spec, for instance of <c>hw:cpu_policy</c>.</summary>
    public string? Flavor(string key) => flavor.ExtraSpecs is { } specs && specs.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <summary>A property of the image, for instance <c>hw_cpu_policy</c>.</summary>
    public string? Image(string key) => image?.Properties is { } properties && properties.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <summary>Both names of one wish: <c>hw:KEY</c> and <c>hw_KEY</c>.</summary>
    public (string? Flavor, string? Image) Both(string key) => (Flavor("hw:" + key), Image("hw_" + key));

    /// <summary>Whether a text means yes, to Nova (oslo: bool_from_string).</summary>
    public static bool IsTrue(string? text) => text?.Trim().ToLowerInvariant() is "1" or "t" or "true" or "on" or "y" or "yes";

    /// <summary>Reads a whole number, as Python's <c>int</c> does but for underscores.</summary>
    public static bool TryWhole(string text, out long number) => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out number);
}
