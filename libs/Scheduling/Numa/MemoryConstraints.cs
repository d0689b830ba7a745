using System.Globalization;
using Kilonova.Crds;

namespace Kilonova.Scheduling.Numa;

/// <summary>What a flavor and an image say of a guest's memory pages (spec: HP-03, HP-04).</summary>
public static class MemoryConstraints
{
    /// <summary>Size of the pages. An image may choose only where the flavor says <c>large</c> or <c>any</c>.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>KiB, or a constant of <see cref="PageSize"/>; or the error.</returns>
    public static Checked<long> Pages(FlavorSpec flavor, ImageSpec? image)
    {
        var (wanted, ofImage) = new GuestProperties(flavor, image).Both("mem_page_size");
        if (wanted == "0") wanted = null;
        if (wanted is null)
            return ofImage is null ? PageSize.NotAsked : new RequestError("MemoryPageSizeForbidden", $"Page size {ofImage} forbidden against '<empty>'");
        var size = Read(wanted);
        if (size.Error is not null || ofImage is null) return size;
        return size.Value is PageSize.Any or PageSize.Large
            ? Read(ofImage)
            : new RequestError("MemoryPageSizeForbidden", $"Page size {ofImage} forbidden against '{wanted}'");
    }

    /// <summary>Whether memory is locked in the host's; only together with a page size.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <returns>Whether it is, or the error.</returns>
    public static Checked<bool> Locked(FlavorSpec flavor, ImageSpec? image)
    {
        var properties = new GuestProperties(flavor, image);
        var (ofFlavor, ofImage) = properties.Both("locked_memory");
        var (wanted, alsoWanted) = (GuestProperties.IsTrue(ofFlavor), GuestProperties.IsTrue(ofImage));
        if (ofFlavor is not null && ofImage is not null && wanted != alsoWanted)
        {
            return new RequestError(
                "FlavorImageLockedMemoryConflict",
                $"locked_memory value in image ({Python(alsoWanted)}) and flavor ({Python(wanted)}) conflict. A consistent value is expected if both specified.");
        }

        var pages = properties.Both("mem_page_size");
        if ((wanted || alsoWanted) && pages.Flavor is null && pages.Image is null)
            return new RequestError("LockMemoryForbidden", "locked_memory value in image or flavor is forbidden when mem_page_size is not set.");
        return wanted || alsoWanted;
    }

    /// <summary>Whole KiB, or a number with a unit: 1024 for each step of K, M, G, T, with or without i; B is byte, b and bit are bit.</summary>
    private static Checked<long> Read(string text)
    {
        var size = text switch
        {
            "small" => PageSize.Small,
            "large" => PageSize.Large,
            "any" => PageSize.Any,
            _ => GuestProperties.TryWhole(text, out var kib) ? Math.Max(kib, 0) : WithUnit(text),
        };
        return size == 0 ? new RequestError("MemoryPageSizeInvalid", $"Invalid memory page size '{text}'") : size;
    }

    private static long WithUnit(string text)
    {
        var (number, bits) = text switch
        {
            _ when text.EndsWith("bit", StringComparison.Ordinal) => (text[..^3], 8),
            _ when text.EndsWith('b') => (text[..^1], 8),
            _ when text.EndsWith('B') => (text[..^1], 1),
            _ => ("", 1),
        };
        if (number.EndsWith('i') && number.Length > 1 && "KMGT".Contains(number[^2], StringComparison.Ordinal)) number = number[..^1];
        var power = number.Length == 0 ? -1 : "KMGT".IndexOf(number[^1], StringComparison.Ordinal);
        if (power >= 0) number = number[..^1];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount)) return 0;
        var bytes = Math.Ceiling(amount / bits * Math.Pow(1024, power + 1));
        return bytes is > 0 and < 1e18 ? (long)(bytes / 1024) : 0;
    }

    private static string Python(bool value) => value ? "True" : "False";
}
